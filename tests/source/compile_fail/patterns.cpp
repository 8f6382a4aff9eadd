#include "ferrule/api/pattern.hpp"

//! case: a pattern without a method
//! expect: a pattern is a method, a space and a path
//! expect: "/users"
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"/users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users">;
#endif

//! case: a method that HTTP does not have
//! expect: the method of a pattern is GET, HEAD, POST, PUT, DELETE, PATCH or OPTIONS
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"get /users">;
#else
inline auto p = ferrule::parsed_pattern<"PATCH /users">;
#endif

//! case: a path without a slash
//! expect: the path of a pattern begins with a slash
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /">;
#endif

//! case: a tail that is not last
//! expect: is the last segment of a pattern
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /files/{path...}/info">;
#else
inline auto p = ferrule::parsed_pattern<"GET /files/{path...}">;
#endif

//! case: a placeholder that is part of a segment
//! expect: a placeholder is a whole segment
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{id}.json">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/json">;
#endif

//! case: a placeholder without a name
//! expect: a placeholder is named by an identifier
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{_}">;
#endif

//! case: a placeholder named by a number
//! expect: a placeholder is named by an identifier
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{1st}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{first}">;
#endif

//! case: two placeholders of one name
//! expect: two placeholders of a pattern have one name
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/posts/{id}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/posts/{post_id}">;
#endif

//! case: a character that no path has
//! expect: a literal of a pattern has a character that no path has
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /all users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /all%20users">;
#endif

//! case: more segments than a path may have
//! expect: the path of a pattern has at most 12 segments
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /1/2/3/4/5/6/7/8/9/10/11/12/13">;
#else
inline auto p = ferrule::parsed_pattern<"GET /1/2/3/4/5/6/7/8/9/10/11/12">;
#endif
