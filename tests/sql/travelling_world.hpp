// An environment whose server changes under it: by a dump that is restored into another cluster and
// adopted there, and by a standby that takes over.
//
// Threads: one thread.
#pragma once

#include <memory>
#include <string>

#include "baton/postgres/private_postgres.hpp"
#include "baton/sql/connection.hpp"

namespace baton::testing {

class TravellingWorld {
public:
    TravellingWorld();

    [[nodiscard]] std::string url() const { return url_; }
    /// A session in the environment as it is now.
    [[nodiscard]] sql::Connection& session() { return *session_; }

    /// The database is dumped, restored into a new cluster, and adopted there with all that waits.
    /// Sessions of nodes are over. (Needs pg_dump: see has_pg_dump().)
    void restore_elsewhere();
    /// A standby that has everything takes over, and the former server is no more. Sessions of
    /// nodes go on.
    void fail_over();

private:
    void connect();

    std::unique_ptr<postgres::PrivatePostgres> server_;
    std::string url_;
    std::unique_ptr<sql::Connection> session_;
};

}  // namespace baton::testing
