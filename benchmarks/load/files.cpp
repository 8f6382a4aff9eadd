#include "load/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace ferrule::load {
namespace {

struct closer {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, closer>;

}  // namespace

result<std::string, std::string> read_file(const std::string& path) {
  const file_handle file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return fail(std::string(std::strerror(errno)));
  std::string text;
  char piece[65536];
  while (const std::size_t bytes = std::fread(piece, 1, sizeof piece, file.get())) {
    if (text.size() + bytes > file_bytes_max) {
      return fail(fmt::format("it has more than {} MiB", file_bytes_max >> 20U));
    }
    text.append(piece, bytes);
  }
  if (std::ferror(file.get()) != 0) return fail(std::string(std::strerror(errno)));
  return text;
}

std::string write_output(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return std::fflush(stdout) == 0 && written ? "" : std::strerror(errno);
}

std::string write_file(const std::string& path, std::string_view text) {
  file_handle file(std::fopen(path.c_str(), "wb"));
  if (file == nullptr) return std::strerror(errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  return std::fclose(file.release()) == 0 && written ? "" : std::strerror(errno);
}

}  // namespace ferrule::load
