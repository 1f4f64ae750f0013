// A statement that each session prepares when it is first run there, and what goes into it by name:
//
//   constexpr Statement statement{"fence", "select fence(:epoch::bigint, :lease::interval)"};
//   transaction.exec(statement, {{"epoch", epoch}, {"lease", "10 s"}});
//
// Through a pooler nothing is prepared, since the next transaction may be in another session.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/sql/parameter.hpp"

namespace baton::sql {

/// The texts outlive the call that it is given to. In one session a name has one text, always, but
/// for what is made at run time.
struct Statement {
    std::string_view name;  ///< In the session, and in errors.
    /// An argument stands in it as :name, as often as it is needed; or all of them as $1, $2, …,
    /// where they are given in that order. Texts stand in plain quotes; there is no comment, no
    /// name in quotes and no slice [a:b] in it.
    std::string_view text;
    bool is_made = false;  ///< See MadeStatement.
};

/// A statement that is put together at run time. One that comes with another text than before is
/// prepared anew.
struct MadeStatement {
    std::string name;
    std::string text;

    operator Statement() const { return {name, text, true}; }
};

/// For one call: refers to the caller's bytes, as Parameter does.
struct Argument {
    std::string_view name;
    Parameter value;
};

/// A statement as Postgres takes it: with $1 for the first name, and so on.
class ParsedStatement {
public:
    explicit ParsedStatement(std::string_view text);

    [[nodiscard]] const std::string& source() const { return source_; }
    [[nodiscard]] const std::string& text() const { return text_; }
    /// Their values in its order. A broken CHECK, unless each of its names is there once.
    [[nodiscard]] std::vector<Parameter> in_order(std::span<const Argument> arguments) const;

private:
    std::string source_;
    std::string text_;
    std::vector<std::string> names_;
};

}  // namespace baton::sql
