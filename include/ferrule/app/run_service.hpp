#pragma once
/// @file
/// The process of a service, apart from its routes: options, threads, signals, an orderly end.
/// Programs call `serve`, which supplies the factory.
///
/// ```cpp
/// int run(int argc, char** argv, ferrule::service_factory& factory) {
///   return ferrule::run_service({.port = 8001}, argc, argv, factory);
/// }
/// ```

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "ferrule/app/background.hpp"
#include "ferrule/app/listener.hpp"
#include "ferrule/app/settings.hpp"
#include "ferrule/http/exchange.hpp"
#include "ferrule/io/reactor.hpp"

namespace ferrule {

/// What one reactor serves, with the state it owns.
class reactor_service {
 public:
  virtual ~reactor_service() = default;
  virtual http::service& handlers() noexcept = 0;
  /// The handlers of the factory's listeners, from 1; of 0, those above.
  virtual http::service& handlers_of(std::size_t /*listener*/) noexcept { return handlers(); }
  /// Gives `to` the work of this reactor that is no request. Called once, before the first request.
  virtual void add_background(background_runner& /*to*/) {}
};

/// Makes each reactor's service, on that reactor's thread.
class service_factory {
 public:
  /// The listeners besides the first; null: there are none. They must outlive the service's run.
  virtual further_listeners* listeners() noexcept { return nullptr; }
  /// Called once, on the main thread, after the options were read and before `make`. Returns what
  /// keeps the program from starting, or an empty text.
  virtual std::string start() { return {}; }
  /// What this throws keeps the program from starting, as does what `start` throws.
  virtual std::unique_ptr<reactor_service> make(reactor& loop) = 0;

 protected:
  ~service_factory() = default;
};

/// Once a service was asked to end and its `--drain` has passed, it has so long to end. Then the
/// process is ended by force, whatever its handlers, reactors and worker threads do: with a line in
/// the log that says what was still running, and this exit code. For a process that was itself
/// stopped meanwhile (SIGSTOP, a machine that stood still) it begins once that goes on.
inline constexpr std::chrono::nanoseconds forced_end_after = std::chrono::seconds(1);
inline constexpr int exit_code_forced = 3;

/// Runs a service until SIGTERM or SIGINT: then drains it (see `http::server::drain`) and its
/// background work within `--drain`, and returns 0. A second signal ends the process at once, with
/// 128 and its number. Both are heeded from the factory's `start` on, as process 1 of a container
/// too, and unblocked.
/// Returns 1 with a line on standard error when it cannot start (the factory says so or throws, the
/// port is taken, the backend is not available, whichever reactor it is that lacks something), 2
/// for a wrong option; 0 after --help. Of the standard descriptors, which log lines and others'
/// libraries take for granted, those that are closed are opened on /dev/null first. `defaults` hold
/// where neither the environment nor the arguments say otherwise; `more` are the program's own
/// options. Call it once, from the main thread, before other threads are started.
int run_service(const serve_settings& defaults, int argc, char** argv, service_factory& factory,
                std::span<const option_group> more = {});

}  // namespace ferrule
