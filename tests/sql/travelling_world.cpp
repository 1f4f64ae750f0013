#include "sql/travelling_world.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "baton/sql/migrator.hpp"
#include "support/dump.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

constexpr const char* database = "shop";

std::unique_ptr<postgres::PrivatePostgres> new_server() {
    return std::make_unique<postgres::PrivatePostgres>(postgres::PrivatePostgresOptions{
        .settings = {"fsync=off", "full_page_writes=off", "autovacuum=off"}});
}

// Where the server keeps its database cluster.
std::filesystem::path data_of(const postgres::PrivatePostgres& server) {
    return server.directory() / "data";
}

// With their owner, who is not this process' where that is root's.
void copy_files(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::remove_all(to);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    struct stat owner {};
    ASSERT_EQ(::stat(from.c_str(), &owner), 0);
    std::vector<std::filesystem::path> files{to};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(to)) {
        files.push_back(entry.path());
    }
    for (const std::filesystem::path& file : files) {
        ASSERT_EQ(::lchown(file.c_str(), owner.st_uid, owner.st_gid), 0) << file;
    }
}

}  // namespace

TravellingWorld::TravellingWorld() : server_(new_server()) {
    sql::Connection(server_->url()).exec("create database shop");
    url_ = server_->url(database);
    environment_template().prepare(url_);
    connect();
}

void TravellingWorld::connect() {
    session_ = std::make_unique<sql::Connection>(url_, in_test_schema());
}

void TravellingWorld::restore_elsewhere() {
    std::unique_ptr<postgres::PrivatePostgres> next = new_server();
    sql::Connection(next->url()).exec("create database shop template template0");
    session_.reset();
    copy_database(url_, next->url(database), Form::custom);
    server_ = std::move(next);
    url_ = server_->url(database);
    connect();
    session_->exec("select adopt_environment('test', 'development', discard => false)");
}

// The standby begins with the files of the other one, as that left them, and follows it. It takes
// over once it has all that was written since.
void TravellingWorld::fail_over() {
    std::unique_ptr<postgres::PrivatePostgres> standby = new_server();
    standby->stop();
    session_.reset();
    server_->stop();
    copy_files(data_of(*server_), data_of(*standby));
    std::ofstream(data_of(*standby) / "standby.signal").close();
    std::ofstream(data_of(*standby) / "postgresql.auto.conf", std::ios::app)
        << "primary_conninfo = 'host=" << (server_->directory() / "socket").string()
        << " port=5432 user=baton'\n";
    server_->start();
    standby->start();
    connect();
    session_->exec("select dispatch('world/moved', '{}')");
    const std::string newest(session_->exec("select pg_current_wal_insert_lsn()").only().text(0));
    sql::Connection watch(standby->url(), {.writable = false});
    ASSERT_TRUE(eventually(std::chrono::seconds(60), [&] {
        return watch.exec("select pg_last_wal_replay_lsn() >= '" + newest + "'::pg_lsn")
            .only()
            .boolean(0);
    }));
    session_.reset();
    server_->stop(postgres::StopMode::immediate);
    watch.exec("select pg_promote()");
    server_ = std::move(standby);
    url_ = server_->url(database);
    connect();
}

}  // namespace baton::testing
