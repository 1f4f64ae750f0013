// The name of an environment, and the schema that is its place in a database.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace baton::environments {

/// The most bytes a name may have: its schema and the roles derived from it stay below the 63
/// bytes after which Postgres would cut an identifier, and let two names meet.
inline constexpr std::size_t name_length_max = 40;

/// Whether `name` is 1 to 40 lower-case ASCII letters, digits and single hyphens between them, and
/// begins with a letter.
[[nodiscard]] bool is_name(std::string_view name) noexcept;

/// The schema of the environment: `baton_`, then the name with each `-` as `_`. No two names have
/// the same schema, and a schema needs no quotes in SQL. Throws Error(name_invalid).
[[nodiscard]] std::string schema_of(std::string_view name);

}  // namespace baton::environments
