#include "app.hpp"

int main(int argc, char** argv) {
  users::memory_store all;
  return ferrule::serve<users::routes>({.port = 8001}, argc, argv, ferrule::shared(all));
}
