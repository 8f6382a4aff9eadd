#include "app.hpp"

int main(int argc, char** argv) {
  users::settings said;
  return ferrule::serve<users::routes>(
      {.port = 8001}, argc, argv, {users::options, &said},
      ferrule::opened([&] { return users::store::open(said.db); }));
}
