// The libraries that are linked on request, each by something that needs it.
#include <ferrule/client/client_pool.hpp>
#include <ferrule/compress/decompressor.hpp>
#include <ferrule/storage/database.hpp>

int main() {
  const ferrule::client_pool pool;
  const auto store = ferrule::storage::database::open(":memory:");
  const auto decoder = ferrule::decompressor::make("gzip, br, zstd");
  return pool.counts().requests == 0 && store && decoder ? 0 : 1;
}
