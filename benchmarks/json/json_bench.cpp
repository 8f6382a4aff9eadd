// What a typical answer costs to write, and a typical body to read.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "ferrule/json/read.hpp"
#include "ferrule/json/write.hpp"

namespace {

namespace json = ferrule::json;

struct user {
  std::string id;
  std::string name;
  std::string email;
};
struct page {
  std::vector<user> users;
  std::uint64_t next;
};

const user ada{"42", "User 42", "user42@example.com"};

template <class T>
void write(benchmark::State& state, T value) {
  ferrule::buffer out(64 * 1024);
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(value);
    json::write(out, value);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
}

template <class T>
void read(benchmark::State& state, const std::string& text) {
  for (auto _ : state) {
    auto value = json::read<T>(text);
    benchmark::DoNotOptimize(value);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void write_user(benchmark::State& state) { write(state, ada); }
void write_100_users(benchmark::State& state) {
  write(state, page{std::vector<user>(100, ada), 100});
}
void write_double(benchmark::State& state) { write(state, 0.1234567); }
void write_text(benchmark::State& state) { write(state, std::string(4096, 'x')); }
void write_accented_text(benchmark::State& state) {
  std::string text;
  while (text.size() < 4096) text += "Z\u00FCrich, K\u00F8benhavn and \"Reykjav\u00EDk\" ";
  write(state, text);
}
void read_user(benchmark::State& state) { read<user>(state, json::write(ada)); }
void read_raw_user(benchmark::State& state) { read<json::raw>(state, json::write(ada)); }
void read_100_users(benchmark::State& state) {
  read<page>(state, json::write(page{std::vector<user>(100, ada), 100}));
}
void refuse_user(benchmark::State& state) { read<user>(state, R"({"id":42,"name":null})"); }
void refuse_broken_user(benchmark::State& state) { read<user>(state, R"({"id":"42","name":})"); }

BENCHMARK(write_user);
BENCHMARK(write_100_users);
BENCHMARK(write_double);
BENCHMARK(write_text);
BENCHMARK(write_accented_text);
BENCHMARK(read_user);
BENCHMARK(read_raw_user);
BENCHMARK(read_100_users);
BENCHMARK(refuse_user);
BENCHMARK(refuse_broken_user);

}  // namespace
