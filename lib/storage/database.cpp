#include "ferrule/storage/database.hpp"

#include "ferrule/io/blocking.hpp"
#include "storage/engine.hpp"

namespace ferrule::storage {

result<std::unique_ptr<database>, error> database::open(const std::string& path,
                                                        const database_options& options) {
  try {
    auto opened = std::make_unique<detail::engine>(path, options);
    return std::unique_ptr<database>(new database(std::move(opened)));
  } catch (const error& e) {
    return fail(e);
  }
}

database::database(std::unique_ptr<detail::engine> opened) noexcept : engine_(std::move(opened)) {}

database::~database() = default;

task<> database::run(detail::job& wanted) {
  const environment& env = co_await current_environment();
  if (!current_reactor(env).io().runs_work_inline()) {
    co_await engine_->on_thread(wanted);
  } else if (env.deadline <= env.loop->now()) {
    wanted.failed.emplace(error_kind::deadline, "no time was left to begin in");
  } else {
    co_await run_blocking([this, &wanted]() noexcept { engine_->run_inline(wanted); });
  }
}

}  // namespace ferrule::storage
