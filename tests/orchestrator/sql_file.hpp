// A SQL reducer's file, made by a test: a table of counts, and the function that keeps it.
#pragma once

#include <unistd.h>

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace baton::testing {

/// Writes `script` behind the heading of version 1 of `name`; returns the file's name.
inline std::string sql_reducer_file(const std::string& name, const std::string& script) {
    std::string path = ::testing::TempDir() + name + "_" + std::to_string(::getpid()) + ".sql";
    std::ofstream(path) << "--! reducer " << name << " version 1\n" << script;
    return path;
}

/// A view that counts marks by account; `statements` run in its function, before it counts.
inline std::string counting_reducer(const std::string& name, const std::string& statements,
                                    const std::string& declarations = "") {
    const std::string table = name + "__v1";
    return sql_reducer_file(
        name, "create table " + table +
                  " (account text primary key, marks bigint not null, position bigint not null);\n"
                  "create function " +
                  table + "() returns void language plpgsql as $$\n" + declarations + "\nbegin\n" +
                  statements + "\ninsert into " + table +
                  " as v select e.payload ->> 'account', count(*), max(e.position)"
                  " from batch_event e where e.type = 'mark/made' group by 1"
                  " on conflict (account) do update set marks = v.marks + excluded.marks,"
                  " position = excluded.position;\nend $$;\n");
}

}  // namespace baton::testing
