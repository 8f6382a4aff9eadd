// Uploads: a body of any size goes into a file part by part, so that memory holds one part of it,
// and the disk sets the pace. A file is there under its name only once it is whole.
//
//   $ uploads --folder FOLDER --port 8000
//
//   $ seq 300000 >numbers; curl -s -T numbers http://127.0.0.1:8000/files/all
//   {"name":"all","bytes":1988895}
//   $ curl -s http://127.0.0.1:8000/files/all | cmp - numbers && echo same
//   same
//   $ curl -s -T numbers http://127.0.0.1:8000/files/.profile
//   {"type":"about:blank","title":"Bad Request","status":400,"detail":"a name begins with no dot, \
//       and has no slash","trace_id":"..."}
#include <ferrule/ferrule.hpp>
#include <ferrule/io/blocking.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
using namespace ferrule;

struct file_store {
  static constexpr bool thread_safe = true;
  std::string folder = ".";
  std::atomic<std::uint64_t> uploads{0};
};
struct stored {
  std::string name;
  std::uint64_t bytes = 0;
};

// A name and no path: what a client says never leads out of the folder.
bool is_file_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos;
}

problem bad_name() {
  return {.status = 400, .detail = "a name begins with no dot, and has no slash"};
}

// Goes when the handler ends, also when its client is gone half-way.
struct part_file {
  explicit part_file(std::string at) : path(std::move(at)), out(path, std::ios::binary) {}
  part_file(const part_file&) = delete;
  ~part_file() { std::remove(path.c_str()); }
  std::string path;
  std::ofstream out;
};

task<result<stored, problem>> upload(std::string_view name, body_stream sent, file_store& store) {
  if (!is_file_name(name)) co_return fail(bad_name());
  part_file file(fmt::format("{}/.part-{}", store.folder, ++store.uploads));
  stored done{std::string(name)};
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
    co_await run_blocking([&file, part] { file.out << part; });  // a disk blocks: not the reactor
    done.bytes += part.size();
  }
  const bool is_kept = co_await run_blocking([&] {
    file.out.close();
    return file.out.good() &&
           std::rename(file.path.c_str(), (store.folder + "/" + done.name).c_str()) == 0;
  });
  if (!is_kept) co_return fail(problem{.status = 507});
  co_return done;
}

task<result<response_stream, problem>> download(std::string_view name, const file_store& store);

constexpr auto routes =
    route_table(route<"PUT /files/{name}">(upload, with(body_bytes_max<std::uint64_t{1} << 30>)),
                route<"GET /files/{name}">(download));

response_stream stream_of(std::ifstream in) {
  std::string part(65536, '\0');
  while (in) {
    const auto bytes = co_await run_blocking([&] {
      in.read(part.data(), static_cast<std::streamsize>(part.size()));
      return static_cast<std::size_t>(in.gcount());
    });
    if (bytes != 0) co_yield std::string_view(part).substr(0, bytes);
  }
}

task<result<response_stream, problem>> download(std::string_view name, const file_store& store) {
  if (!is_file_name(name)) co_return fail(bad_name());
  std::ifstream in = co_await run_blocking(
      [&] { return std::ifstream(store.folder + "/" + std::string(name), std::ios::binary); });
  if (!in) co_return fail(problem{.status = 404});
  co_return stream_of(std::move(in));
}

constexpr option options[] = {
    text_option<&file_store::folder>("folder", "FOLDER", "where files are kept")};

int main(int argc, char** argv) {
  file_store store;
  return serve<routes>({.port = 8000}, argc, argv, {options, &store}, shared(store));
}
