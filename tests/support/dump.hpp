// A database that is dumped and restored elsewhere, into a cluster with a younger counter of
// transaction ids; and that counter, brought on.
//
// Threads: any, with a Connection each.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "support/child_process.hpp"
#include "support/client_program.hpp"

namespace baton::testing {

inline void run(const std::vector<std::string>& arguments) {
    ChildProcess process({.arguments = arguments});
    const auto status = process.wait(std::chrono::seconds(30));
    ASSERT_TRUE(status && status->code == 0) << arguments.front() << process.error_output();
}

enum class Form { sql, custom };

// Dumps a database and restores it into another one, which is empty.
inline void copy_database(const std::string& from, const std::string& to, Form form,
                          const std::vector<std::string>& options = {}) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("baton_dump_" + std::to_string(::getpid()));
    std::vector<std::string> dump{
        client_program("pg_dump"), "-d", from, "-O", "-x", "-f", file.string()};
    dump.insert(dump.end(), options.begin(), options.end());
    if (form == Form::custom) dump.emplace_back("-Fc");
    run(dump);
    if (form == Form::custom) {
        run({client_program("pg_restore"), "-e", "-O", "-x", "-d", to, file.string()});
    } else {
        run({client_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", to, "-f",
             file.string()});
    }
    std::filesystem::remove(file);
}

// Uses up transaction ids until `xid` is the next one.
inline void advance_xid_to(sql::Connection& connection, std::int64_t xid) {
    const std::int64_t next =
        connection.exec("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            .only()
            .integer(0);
    if (next + 2 >= xid) return;
    connection.exec("create temp table burnt (n int)");
    connection.exec("do $$ begin for i in 1.." + std::to_string(xid - next - 2) +
                    " loop begin insert into burnt values (i); "
                    "exception when others then raise; end; end loop; end $$");
    connection.exec("drop table burnt");
}

}  // namespace baton::testing
