#include "ferrule/api/pattern.hpp"

//! case: a pattern without a method
//! expect: pattern_must_be_a_method_a_space_and_a_path
//! expect: "/users"
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"/users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users">;
#endif

//! case: a method that HTTP does not have
//! expect: pattern_method_must_be_GET_HEAD_POST_PUT_DELETE_PATCH_or_OPTIONS
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"get /users">;
#else
inline auto p = ferrule::parsed_pattern<"PATCH /users">;
#endif

//! case: a path without a slash
//! expect: pattern_path_must_begin_with_a_slash
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /">;
#endif

//! case: a tail that is not last
//! expect: pattern_tail_must_be_the_last_segment
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /files/{path...}/info">;
#else
inline auto p = ferrule::parsed_pattern<"GET /files/{path...}">;
#endif

//! case: a placeholder that is part of a segment
//! expect: pattern_placeholder_must_be_a_whole_segment
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{id}.json">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/json">;
#endif

//! case: a placeholder without a name
//! expect: pattern_placeholder_must_be_named_by_an_identifier
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{_}">;
#endif

//! case: a placeholder named by a number
//! expect: pattern_placeholder_must_be_named_by_an_identifier
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{1st}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{first}">;
#endif

//! case: two placeholders of one name
//! expect: pattern_names_two_placeholders_alike
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/posts/{id}">;
#else
inline auto p = ferrule::parsed_pattern<"GET /users/{id}/posts/{post_id}">;
#endif

//! case: a character that no path has
//! expect: pattern_literal_has_a_character_that_must_be_percent_encoded
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /all users">;
#else
inline auto p = ferrule::parsed_pattern<"GET /all%20users">;
#endif

//! case: more segments than a path may have
//! expect: pattern_has_more_than_12_segments
#ifdef REFUSED
inline auto p = ferrule::parsed_pattern<"GET /1/2/3/4/5/6/7/8/9/10/11/12/13">;
#else
inline auto p = ferrule::parsed_pattern<"GET /1/2/3/4/5/6/7/8/9/10/11/12">;
#endif
