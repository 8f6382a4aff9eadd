#pragma once
/// @file
/// Content codings of requests, undone before a handler sees the body.
///
/// ```cpp
/// inline bool can_read(const ferrule::detail::outlet& out) {
///   return ferrule::detail::decode_body(out);  // false: answered 415, 413 or 400
/// }
/// ```
///
/// What a program decodes is decided by linking `ferrule::compress`; without it, and for codings
/// that it does not know, a body is answered 415 with Accept-Encoding. `identity` changes nothing.
/// Decoded bytes count against the route's `body_bytes_max` like plain ones, and may be 200 times
/// as many as came and 64 KiB more: beyond that 413. What they take, and what it takes to decode a
/// body in parts, counts against `server_limits::held_bytes_max`: 503. The request's fields stay as
/// they were sent.
///
/// Source: RFC 9110 sections 8.4, 12.5.3 and 15.5.16.

#include "ferrule/api/answer.hpp"

namespace ferrule::detail {

/// Undoes the codings of a body that is there, and replaces it by the result, which lasts as long
/// as the request. False if the request was answered because that cannot be done.
bool decode_body(const outlet& out);

/// The same for a body that is read in parts. False is for an unknown coding alone: what goes wrong
/// while it is read is answered then, if an answer has not begun, and stops the handler.
bool decode_stream(const outlet& out);

}  // namespace ferrule::detail
