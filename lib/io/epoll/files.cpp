// File operations of the epoll backend: a file is always "ready" and blocks all the same, so worker
// threads make the calls.

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/epoll/epoll_backend.hpp"
#include "io/epoll/file_job.hpp"

namespace ferrule::io {
namespace {

std::int32_t result_of(ssize_t returned) noexcept {
  return returned < 0 ? -errno : static_cast<std::int32_t>(returned);
}

void read_file(operation& op) noexcept {
  auto& job = static_cast<epoll::file_job&>(op);
  job.result = result_of(::pread(job.fd, job.data.data(), job.data.size(), job.offset));
}

void write_file(operation& op) noexcept {
  auto& job = static_cast<epoll::file_job&>(op);
  job.result = result_of(::pwrite(job.fd, job.data.data(), job.data.size(), job.offset));
}

void sync_file(operation& op) noexcept {
  auto& job = static_cast<epoll::file_job&>(op);
  job.result = result_of(::fdatasync(job.fd));
}

}  // namespace

void epoll_backend::read_at(operation& op, handle file, std::span<std::byte> into,
                            std::uint64_t offset) {
  start_file_job(op, file, read_file, into, offset);
}

void epoll_backend::write_at(operation& op, handle file, std::span<const std::byte> bytes,
                             std::uint64_t offset) {
  // pwrite(2) only reads it.
  const std::span<std::byte> data(const_cast<std::byte*>(bytes.data()), bytes.size());
  start_file_job(op, file, write_file, data, offset);
}

void epoll_backend::sync(operation& op, handle file) { start_file_job(op, file, sync_file, {}, 0); }

void epoll_backend::start_file_job(operation& op, handle file, offload_pool::function work,
                                   std::span<std::byte> data, std::uint64_t offset) {
  auto& job = *file_jobs_.emplace_back(std::make_unique<epoll::file_job>());  // may throw: first
  record* const target = begin(op, file, kind::file);
  if (target == nullptr) return file_jobs_.pop_back();
  job.kind = static_cast<std::uint8_t>(kind::file_job);
  job.user = &op;
  job.file = target;
  job.fd = target->fd;
  job.data = data;
  job.offset = static_cast<std::int64_t>(offset);
  ++target->file_jobs;
  op.state = static_cast<std::uint8_t>(phase::working);
  op.next = &job;
  pool_.submit(job, work);
}

void epoll_backend::finish_file_job(epoll::file_job& job) noexcept {
  record& file = *job.file;
  --file.file_jobs;
  complete(*job.user, job.result);
  if (file.closing != nullptr && file.file_jobs == 0) complete(*file.closing, file.fd);
  std::erase_if(file_jobs_, [&](const auto& each) { return each.get() == &job; });
}

void epoll_backend::withdraw_file_job(epoll::file_job& job) noexcept {
  if (!pool_.withdraw(job)) return;
  job.result = -ECANCELED;
  finish_file_job(job);
}

void epoll_backend::withdraw_file_jobs(const record& file) noexcept {
  for (std::size_t i = file_jobs_.size(); i-- > 0;) {  // backwards: each may take itself out
    if (file_jobs_[i]->file == &file) withdraw_file_job(*file_jobs_[i]);
  }
}

}  // namespace ferrule::io
