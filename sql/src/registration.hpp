// The statements that register a reducer, of either language.
//
// Threads: values only.
#pragma once

#include "baton/sql/statement.hpp"

namespace baton::sql {

/// build, whether it is live, whether its table is there, whether somebody builds it, columns; no
/// row if it is not known.
inline constexpr Statement registered_build{
    "registered_build",
    "select build, exists (select from view_state where view = :name"
    " and version = :version::integer), to_regclass(format('%I.%I', current_schema(),"
    " :name || '__v' || :version::text)) is not null, exists (select from view_build b"
    " where view = :name and version = :version::integer and is_kept(b)), columns"
    " from reducer_version where name = :name and version = :version::integer"};

inline constexpr Statement register_statement{
    "register_reducer",
    "select register_reducer(:name, :version::integer, :build, :language, :columns::jsonb,"
    " :other_builds::boolean, :is_live::boolean)"};

inline constexpr Statement rebuild_statement{
    "rebuild_reducer",
    "select rebuild_reducer(:name, :version::integer, :build, :language, :columns::jsonb)"};

inline constexpr Statement event_types_statement{
    "set_event_types", "select set_event_types(:name, :version::integer, :types::text[])"};

}  // namespace baton::sql
