#include "app.hpp"

int main(int argc, char** argv) {
  orders::settings said;
  return ferrule::serve<orders::routes>(
      {.port = 8002}, argc, argv, {orders::options, &said},
      ferrule::opened([&] { return orders::store::open(said.db); }),
      ferrule::upstream_of<users::api>("users", [&] { return said.users_or_default(); }));
}
