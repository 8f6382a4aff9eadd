#include "app.hpp"

int main(int argc, char** argv) {
  return ferrule::serve<@id@_service::routes>({.port = 8000}, argc, argv);
}
