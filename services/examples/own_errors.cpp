// Errors of one's own: handlers return a value or an error, each error is one problem (RFC 9457),
// and what a body must be is said beside its type.
//
//   $ own_errors --port 8000
//
//   $ curl -s http://127.0.0.1:8000/accounts/9
//   {"type":"https://example.com/problems/no-account","title":"No such account","status":404,\
//       "trace_id":"..."}
//   $ curl -s -H 'content-type: application/json' -d '{"to":2,"cents":500}' \
//       http://127.0.0.1:8000/accounts/1/transfers
//   {"type":"https://example.com/problems/balance","title":"Not enough money","status":409,\
//       "detail":"the account holds 300 cents","trace_id":"...","cents":300}
//   $ curl -s -H 'content-type: application/json' -d '{"to":2,"cents":0}' \
//       http://127.0.0.1:8000/accounts/1/transfers
//   {"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"the body is not \
//       what this route takes","trace_id":"...","errors":[{"detail":"must be at least 1",\
//       "pointer":"/cents"}]}
//   $ curl -s -H 'content-type: application/json' -d '{"to":2,"cents":100}' \
//       http://127.0.0.1:8000/accounts/1/transfers
//   {"cents":200}
#include <ferrule/ferrule.hpp>

#include <map>
using namespace ferrule;

struct account {
  std::int64_t cents = 0;
};
struct transfer {
  std::uint64_t to = 0;
  std::int64_t cents = 0;
  static constexpr json::member_limits json_limits[] = {{.member = "cents", .min = 1}};
};

// Any type with a to_problem beside it can be an error: often an enumeration, here one that knows
// more, and tells it programs too, in a member of the problem.
struct error {
  enum class kind : std::uint8_t { no_account, too_low } why;
  std::int64_t cents = 0;
};
problem to_problem(const error& e) {
  if (e.why == error::kind::no_account) {
    return {.status = 404,
            .title = "No such account",
            .type = "https://example.com/problems/no-account"};
  }
  return problem{.status = 409,
                 .title = "Not enough money",
                 .type = "https://example.com/problems/balance",
                 .detail = fmt::format("the account holds {} cents", e.cents)}
      .with("cents", e.cents);
}

using accounts = std::map<std::uint64_t, account>;

result<account*, error> find(std::uint64_t id, accounts& all) {
  const auto found = all.find(id);
  if (found == all.end()) return fail(error{error::kind::no_account});
  return &found->second;
}

result<account, error> show(std::uint64_t id, accounts& all) {
  return find(id, all).transform([](const account* found) { return *found; });
}

result<account, error> pay(std::uint64_t id, json_body<transfer> asked, accounts& all) {
  const auto from = find(id, all);
  if (!from) return fail(from.error());
  const auto to = find(asked->to, all);
  if (!to) return fail(to.error());
  if ((*from)->cents < asked->cents) return fail(error{error::kind::too_low, (*from)->cents});
  (*from)->cents -= asked->cents;
  (*to)->cents += asked->cents;
  return **from;
}

constexpr auto routes =
    route_table(route<"GET /accounts/{id}">(show), route<"POST /accounts/{id}/transfers">(pay));

int main(int argc, char** argv) {
  return serve<routes>({.port = 8000, .threads = 1}, argc, argv,
                       per_reactor([] { return accounts{{1, {300}}, {2, {0}}}; }));
}
