// Two small sets of migrations, the second one step ahead, with everything that a set can hold.
//
// Threads: constants.
#pragma once

#include <string_view>
#include <vector>

#include "baton/sql/embedded.hpp"

namespace baton::sql {

inline constexpr std::string_view grants = R"(
do $$
declare
    role text;
begin
    foreach role in array array['dispatch', 'node', 'orchestrate', 'observe', 'tenant'] loop
        role := current_schema() || '_' || role;
        if not exists (select from pg_roles where rolname = role) then
            execute format('create role %I nologin', role);
        end if;
        execute format('grant usage on schema %I to %I', current_schema(), role);
    end loop;
end $$;
)";

inline constexpr std::string_view count_v1 =
    R"(create or replace function count_things() returns bigint
    language sql stable set search_path from current
    as $$ select count(*) from thing_view; select * from things() $$;
)";

inline const std::vector<SqlFile> first_set = {
    {"migrations/0001_thing.sql", "create table thing (id int primary key, body text);\n"},
    {"views/thing_view.sql",
     "create or replace view thing_view as select id, things() from thing;\n"},
    {"functions/count_things.sql", count_v1},
    {"functions/things.sql",
     "create or replace function things() returns bigint language plpgsql stable\n"
     "    set search_path from current as $body$ begin return 1; -- it's a \\ 'quote'\n"
     "end $body$;\n"},
    {"grants.sql", grants},
};

inline std::vector<SqlFile> second_set(std::string_view migration) {
    std::vector<SqlFile> files = first_set;
    files.insert(files.begin() + 1, {"migrations/0002_colour.sql", migration});
    files[3].text =
        "create or replace function count_things() returns bigint language sql stable\n"
        "    set search_path from current as $$ select count(colour) from thing $$;\n";
    return files;
}

inline constexpr std::string_view add_colour = "alter table thing add column colour text;\n";
inline constexpr std::string_view add_colour_breaking =
    "--! breaking\nalter table thing add column colour text;\n";

}  // namespace baton::sql
