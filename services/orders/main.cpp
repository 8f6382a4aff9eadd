#include "app.hpp"

int main(int argc, char** argv) {
  orders::settings said;
  return ferrule::serve<orders::routes>(
      {.port = 8002}, argc, argv, {orders::options, &said},
      ferrule::opened([&] { return orders::store::open(said.db); }),
      ferrule::per_reactor([&](ferrule::reactor& loop) {
        return orders::users_service(loop, said.users_or_default());
      }));
}
