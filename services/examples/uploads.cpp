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
#include <ferrule/io/file.hpp>

#include <stdexcept>
using namespace ferrule;

struct file_store {
  static constexpr bool thread_safe = true;
  std::string folder = ".";
};
struct stored {
  std::string name;
  std::uint64_t bytes = 0;
};

// A name and no path: what a client says never leads out of the folder.
using file_name = matching<"\\w[\\w.-]*", 1, 200>;

problem no_room(const file_error& why) {
  return {.status = 507, .detail = std::string(why.message())};
}

// What a client leaves half-way, or does not fit, goes with the writer when the handler ends.
task<result<stored, problem>> upload(file_name name, body_stream sent, const file_store& store) {
  auto out = co_await file_writer::create(store.folder + "/" + *name);
  if (!out) co_return fail(no_room(out.error()));
  stored done{*name};
  for (;;) {
    const std::string_view part = co_await sent.read();
    if (part.empty()) break;
    if (const auto written = co_await out->write(part); !written) {
      co_return fail(no_room(written.error()));
    }
    done.bytes += part.size();
  }
  if (const auto kept = co_await out->commit(); !kept) co_return fail(no_room(kept.error()));
  co_return done;
}

response_stream stream_of(file_reader in) {
  for (;;) {
    const auto part = co_await in.read();
    if (!part) throw std::runtime_error("a file cannot be read");  // cut off, never as if whole
    if (part->empty()) break;
    co_yield *part;
  }
}
task<result<response_stream, problem>> download(file_name name, const file_store& store) {
  auto in = co_await file_reader::open(store.folder + "/" + *name);
  if (!in) co_return fail(problem{.status = 404});
  co_return stream_of(*std::move(in));
}

constexpr auto routes =
    route_table(route<"PUT /files/{name}">(upload, with(body_bytes_max<std::uint64_t{1} << 30>)),
                route<"GET /files/{name}">(download));

constexpr option options[] = {
    value_option<&file_store::folder>("folder", "FOLDER", "where files are kept")};

int main(int argc, char** argv) {
  file_store store;
  return serve<routes>({.port = 8000}, argc, argv, {options, &store}, shared(store));
}
