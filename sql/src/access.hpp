// Who may call a function, or read a view: what `-- Access: dispatch, observe` in the comment with
// which its file begins says, by the group roles' words. Without that line nobody may but the
// owner.
//
// Threads: functions without state.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "baton/sql/embedded.hpp"

namespace baton::sql {

inline constexpr std::array<std::string_view, 5> group_role_words = {
    "dispatch", "node", "orchestrate", "observe", "tenant"};

/// An SQL literal that grants.sql reads: {"functions": {"dispatch": ["dispatch"], ...}, "views":
/// {...}}, with everything that functions/ and views/ make, a name a line. A word that is no group
/// role's is a broken CHECK.
[[nodiscard]] std::string access_text(std::span<const SqlFile> files);

}  // namespace baton::sql
