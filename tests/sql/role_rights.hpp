// Every right that somebody could have on anything in a schema, with what the catalogue says that
// one role has of them, and with the statement that tries it.
//
// A statement that may not be run is refused with SQLSTATE 42501 and names what refused it. Any
// other outcome means that the role got past that gate: what it does behind it fails for want of
// sensible arguments, or is rolled back.
//
// Threads: a Trial belongs to the thread of its Connection, which must outlive it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"

namespace baton::sql {

struct Right {
    std::string object;     ///< "table event", "function ring()"; the schema is not named.
    std::string privilege;  ///< as GRANT spells it
    std::string column;     ///< empty: the whole object
    std::string attempt;    ///< a statement that needs the right; empty: there is none
    std::string refusal;    ///< what Postgres says to whoever lacks it
    bool held = false;      ///< what the catalogue says
};

/// The rights of `role` in `schema`: the schema's, then those of its functions, relations, types.
/// `catalogue` sees all of them.
[[nodiscard]] std::vector<Right> rights_of(Connection& catalogue, const std::string& schema,
                                           const std::string& role);

/// Tries rights as whoever is logged in, in one transaction that is rolled back.
class Trial {
public:
    explicit Trial(Connection& connection);
    /// Nothing where it cannot be tried: there is no attempt, or nobody can write the view.
    [[nodiscard]] std::optional<bool> is_allowed(const Right& right);

private:
    Transaction transaction_;
};

}  // namespace baton::sql
