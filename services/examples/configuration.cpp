// Configuration: options of one's own beside those that every service has. Each comes from the
// command line or from a variable; what is wrong with one ends the start with a line that says so.
//
//   $ configuration --greeting Howdy --repeat 2 --port 8000
//
//   $ curl -s http://127.0.0.1:8000/greetings/Ada
//   Howdy, Ada! Howdy, Ada!
//   $ configuration --repeat many
//   configuration: --repeat must be an unsigned integer from 1 to 10, not 'many'
#include <ferrule/ferrule.hpp>
using namespace ferrule;

struct settings {
  static constexpr bool thread_safe = true;  // nobody writes to it once it is served
  std::string greeting = "Hello";
  bounded<unsigned, 1, 10> repeat = 1;
};

constexpr option options[] = {  // each is read as its member's type says
    value_option<&settings::greeting>("greeting", "TEXT", "what to say first"),
    value_option<&settings::repeat>("repeat", "N", "how often to say it")};

std::string greet(std::string_view name, const settings& configured) {
  std::string text;
  for (unsigned i = 0; i != configured.repeat; ++i) {
    text += fmt::format("{}{}, {}!", i == 0 ? "" : " ", configured.greeting, name);
  }
  return text + "\n";
}

constexpr auto routes = route_table(route<"GET /greetings/{name}">(greet));

int main(int argc, char** argv) {
  settings configured;
  // The defaults are this service's: the port, and a longer grace than Ferrule gives.
  return serve<routes>({.port = 8000, .drain = 20s}, argc, argv, {options, &configured},
                       shared(configured));
}
