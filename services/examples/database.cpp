// A database: SQLite behind co_await. A plain function runs in a transaction on a thread of the
// database's own, and the reactor goes on.
//
//   $ database --db FOLDER/notes.db --port 8000
//
//   $ curl -s -H 'content-type: application/json' -d '{"text":"buy milk"}' \
//       http://127.0.0.1:8000/notes
//   {"id":1,"text":"buy milk"}
//   $ curl -s http://127.0.0.1:8000/notes
//   [{"id":1,"text":"buy milk"}]
//   $ curl -s -X DELETE http://127.0.0.1:8000/notes/2
//   {"type":"about:blank","title":"No such note","status":404,"trace_id":"..."}
#include <ferrule/ferrule.hpp>
#include <ferrule/storage/database.hpp>
using namespace ferrule;
using storage::connection, storage::database, storage::row_id;

struct note {
  std::uint64_t id = 0;
  std::string text;
};
struct new_note {
  std::string text;
  static constexpr json::member_limits json_limits[] = {  // SQLite's texts hold no U+0000
      {.member = "text", .size_max = 1000, .form = &json::plain_text}};
};

enum class error : std::uint8_t { no_such_note, busy };
constexpr problem to_problem(error e) noexcept {
  if (e == error::no_such_note) return {.status = 404, .title = "No such note"};
  return {.status = 503, .title = "Busy", .retry_after = std::chrono::seconds(1)};
}

// What passes by itself is told to the caller. A broken disk is nobody's fault but ours: thrown, it
// is a 500, with its reason in the log.
error told(const storage::error& e) {
  using enum storage::error_kind;
  if (e.kind == busy || e.kind == deadline || e.kind == overloaded) return error::busy;
  throw e;
}

task<result<created<note>, error>> add(json_body<new_note> sent, database& all) {
  auto made = co_await all.write([text = std::move(sent->text)](connection& c) {
    return c.first<note>("INSERT INTO notes (text) VALUES (?) RETURNING id, text", text);
  });
  if (!made) co_return fail(told(made.error()));
  note kept = std::move(**made);
  std::string location = fmt::format("/notes/{}", kept.id);
  co_return created<note>{std::move(kept), std::move(location)};
}

task<result<std::vector<note>, error>> list(database& all) {
  auto found = co_await all.read([](connection& c) {
    return c.all<note>("SELECT id, text FROM notes ORDER BY id LIMIT 100");
  });
  if (!found) co_return fail(told(found.error()));
  co_return std::move(*found);
}

task<result<void, error>> remove_note(std::uint64_t id, database& all) {
  auto removed = co_await all.write(
      [id = row_id(id)](connection& c) { return c.execute("DELETE FROM notes WHERE id = ?", id); });
  if (!removed) co_return fail(told(removed.error()));
  if (*removed == 0) co_return fail(error::no_such_note);
  co_return {};
}

constexpr auto routes = route_table(route<"POST /notes">(add), route<"GET /notes">(list),
                                    route<"DELETE /notes/{id}">(remove_note));

struct settings {
  std::string db = "./notes.db";
};
constexpr option options[] = {value_option<&settings::db>("db", "FILE", "where notes are kept")};

int main(int argc, char** argv) {
  static constexpr const char* migrations[] = {
      "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL) STRICT"};
  settings given;
  return serve<routes>({.port = 8000}, argc, argv, {options, &given},
                       opened([&]() -> result<std::unique_ptr<database>, std::string> {
                         auto all = database::open(given.db, {.migrations = migrations});
                         if (!all) return fail(fmt::format("{}: {}", given.db, all.error().text));
                         return std::move(all).value();
                       }));
}
