// What a source text says, without how it is laid out: its tokens, for a digest that a comment or
// a reformatting does not change, and any other change does.
//
// Both functions give the tokens, each followed by a line end. What they cannot tell apart counts
// as a change: the order of #includes, or a literal that is written otherwise.
//
// Threads: no state.
#pragma once

#include <string>
#include <string_view>

namespace baton {

/// Of C++: without comments, and without white space outside of literals. What # makes of the
/// layout of its macro's arguments is not looked at.
[[nodiscard]] std::string cpp_tokens(std::string_view source);

/// Of SQL, as Postgres reads it: also inside of the bodies of functions in SQL and PL/pgSQL that
/// stand between dollar quotes. Words that are not quoted have no case.
[[nodiscard]] std::string sql_tokens(std::string_view source);

}  // namespace baton
