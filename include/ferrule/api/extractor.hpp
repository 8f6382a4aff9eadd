#pragma once
/// @file
/// Arguments of handlers that a service makes itself: the user of a session, say. One template is
/// specialised; its `extract` takes what a handler may take and gives the value or an error.
///
/// ```cpp
/// #include <ferrule/ferrule.hpp>
/// #include <map>
/// struct user { std::uint64_t id; };
/// struct sessions { std::map<std::string, user, std::less<>> by_token; };   // state
/// enum class login_error { missing, expired };
/// constexpr ferrule::problem to_problem(login_error e) noexcept {
///   return {.status = 401, .title = e == login_error::missing ? "Log in" : "Log in again"};
/// }
/// template <>
/// struct ferrule::extractor<user> {
///   static result<user, login_error> extract(cookie<"sid"> sid, const sessions& known) {
///     if (!sid) return fail(login_error::missing);
///     const auto found = known.by_token.find(*sid);
///     if (found == known.by_token.end()) return fail(login_error::expired);
///     return found->second;
///   }
/// };
/// inline std::string show(user who) { return std::to_string(who.id); }  // route<"GET /me">(show)
/// ```
///
/// `extract` is one static function. It takes `header<"Name">`, `cookie<"name">`, `query<T>`,
/// `deadline`, `const request&`, `T&` for state, and what other extractors make; it returns a `T`,
/// or a `result<T, E>` whose error is answered by its `to_problem`. It does not wait: a layer's
/// `before` or the handler can. What it was given is gone when it returns, but for the bytes of the
/// request, which views in the value may point to.
///
/// With `static constexpr security_scheme security` (api/description.hpp) it says in the documents
/// of its endpoints what a caller has to show.
///
/// A handler takes the value, or a `const T&` if it is no coroutine; each argument is made anew. In
/// a contract an endpoint says what is sent, `header<"Authorization">`, and its handler may take
/// the value instead; or it says `T`, and then its document has what `extract` takes and the errors
/// that it knows, and a client gives what is sent.

namespace ferrule {

/// Makes a `T` of a request: see the top of this file. Specialise it before the first handler that
/// takes a `T`.
template <class T>
struct extractor;

namespace detail {

/// Whether a type is made by an extractor.
template <class T>
concept extracted = requires { sizeof(extractor<T>); };

}  // namespace detail
}  // namespace ferrule
