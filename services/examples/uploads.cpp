// Uploads: a body of any size goes into a file part by part, so that memory holds one part of it,
// and the disk sets the pace. A file is there under its name only once it is whole.
//
//   $ uploads --folder FOLDER --port 8000
//
//   $ seq 300000 >numbers; curl -s -T numbers http://127.0.0.1:8000/files/all
//   {"name":"all","bytes":1988895}
//   $ curl -s http://127.0.0.1:8000/files/all | cmp - numbers && echo same
//   same
//   $ curl -s -T numbers http://127.0.0.1:8000/files/.profile | grep -o '"status":[0-9]*'
//   "status":400
#include <ferrule/ferrule.hpp>
#include <ferrule/io/blocking.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
using namespace ferrule;

struct file_store {
  static constexpr bool thread_safe = true;
  std::string folder = ".";
  const unsigned process = std::random_device()();  // others use the folder too: a restart's, say
  std::atomic<std::uint64_t> uploads{0};
};
struct stored {
  std::string name;
  std::uint64_t bytes = 0;
};

// A name and no path: what a client says never leads out of the folder.
using file_name = matching<"\\w[\\w.-]*", 1, 200>;

// Goes when the handler ends, also when its client is gone half-way.
struct part_file {
  explicit part_file(std::string at) : path(std::move(at)) {}
  part_file(const part_file&) = delete;
  ~part_file() { std::remove(path.c_str()); }
  std::string path;
  std::ofstream out;
};

task<result<stored, problem>> upload(file_name name, body_stream sent, file_store& store) {
  part_file file(fmt::format("{}/.part-{:x}-{}", store.folder, store.process, ++store.uploads));
  stored done{*name};
  // A disk blocks: not the reactor.
  co_await run_blocking([&file] { file.out.open(file.path, std::ios::binary); });
  while (file.out.good()) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
    co_await run_blocking([&file, part] { file.out << part << std::flush; });
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

task<result<response_stream, problem>> download(file_name name, const file_store& store);

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
  if (in.bad()) throw std::runtime_error("a file cannot be read");  // cut off, never as if whole
}

task<result<response_stream, problem>> download(file_name name, const file_store& store) {
  std::ifstream in = co_await run_blocking([&] {
    const std::string path = store.folder + "/" + *name;
    return std::filesystem::is_regular_file(path) ? std::ifstream(path, std::ios::binary)
                                                  : std::ifstream();
  });
  if (!in.is_open()) co_return fail(problem{.status = 404});
  co_return stream_of(std::move(in));
}

constexpr option options[] = {
    value_option<&file_store::folder>("folder", "FOLDER", "where files are kept")};

int main(int argc, char** argv) {
  file_store store;
  return serve<routes>({.port = 8000}, argc, argv, {options, &store}, shared(store));
}
