// The private Postgres as its users need it: it starts, it stops, and it leaves nothing, whatever
// happens to the process that started it.
#include "baton/postgres/private_postgres.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "../../postgres/src/places.hpp"
#include "baton/base/error.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"

namespace baton::postgres {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const PrivatePostgresOptions fast{.settings = {"fsync=off"}};

// A folder that is gone at the end; the server's user may pass through it.
class ScratchFolder {
public:
    ScratchFolder() {
        std::string folder = "/tmp/baton-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no scratch folder");
        path_ = folder;
        fs::permissions(path_, fs::perms(0755));
    }
    ~ScratchFolder() {
        std::error_code error;
        fs::remove_all(path_, error);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

std::string ask(const std::string& url, const char* question) {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()),
                                                                  &PQfinish);
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), question),
                                                               &PQclear);
    if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) return PQgetvalue(result.get(), 0, 0);
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return "done";
    return PQerrorMessage(connection.get());
}

template <typename Call>
std::string error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0; }

TEST(PrivatePostgresTest, AnswersWithItsUrlAndIsSetUpAsPromised) {
    const PrivatePostgres server(fast);
    EXPECT_EQ(ask(server.url(), "select current_user"), "baton");
    EXPECT_EQ(ask(server.url(), "show data_checksums"), "on");
    EXPECT_EQ(ask(server.url(), "show server_encoding"), "UTF8");
    EXPECT_EQ(
        ask(server.url(), "select datcollate from pg_database where datname = current_database()"),
        "C");
    EXPECT_EQ(ask(server.url(), "show listen_addresses"), "");
    EXPECT_EQ(ask(server.url(), "show fsync"), "off");
    EXPECT_TRUE(fs::exists(server.bin_dir() / "postgres"));
}

TEST(PrivatePostgresTest, IsDurableUnlessToldOtherwise) {
    const PrivatePostgres server;
    EXPECT_EQ(ask(server.url(), "show fsync"), "on");
}

TEST(PrivatePostgresTest, UrlCarriesAnyDatabaseName) {
    const PrivatePostgres server(fast);
    EXPECT_EQ(ask(server.url(), "create database \"a b/?&%ü\""), "done");
    EXPECT_EQ(ask(server.url("a b/?&%ü"), "select current_database()"), "a b/?&%ü");
}

TEST(PrivatePostgresTest, OnlyItsOwnerMayEnterItsFolder) {
    const PrivatePostgres server(fast);
    for (const char* const part : {"", "data", "socket"}) {
        struct stat info {};
        ASSERT_EQ(::stat((server.directory() / part).c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777U, 0700U) << part;
    }
}

TEST(PrivatePostgresTest, StartsAndStopsTwiceInARowAndLeavesNothing) {
    for (int round = 0; round < 2; ++round) {
        fs::path folder;
        pid_t pid = 0;
        {
            const PrivatePostgres server(fast);
            folder = server.directory();
            pid = server.pid();
            EXPECT_EQ(ask(server.url(), "select 1"), "1");
        }
        EXPECT_FALSE(fs::exists(folder));
        EXPECT_FALSE(is_alive(pid));
    }
}

TEST(PrivatePostgresTest, TwoAtOnceDoNotDisturbEachOther) {
    const PrivatePostgres one(fast);
    const PrivatePostgres two(fast);
    EXPECT_NE(one.url(), two.url());
    EXPECT_EQ(ask(one.url(), "create database only_here"), "done");
    EXPECT_EQ(ask(two.url(), "select count(*) from pg_database where datname = 'only_here'"), "0");
}

TEST(PrivatePostgresTest, KeepsItsRowsOverStopAndStartInEveryMode) {
    PrivatePostgres server(fast);
    EXPECT_EQ(ask(server.url(), "create table kept (n int)"), "done");
    const std::string url = server.url();
    int rows = 0;
    for (const StopMode mode : {StopMode::smart, StopMode::fast, StopMode::immediate}) {
        EXPECT_EQ(ask(url, "insert into kept values (1)"), "done");
        server.stop(mode);
        EXPECT_EQ(server.pid(), 0);
        server.start();
        EXPECT_EQ(server.url(), url);
        EXPECT_EQ(ask(url, "select count(*) from kept"), std::to_string(++rows));
    }
    EXPECT_EQ(error_of([&] { server.start(); }), "the private Postgres is already running");
}

TEST(PrivatePostgresTest, FastStopDoesNotWaitForAnOpenTransaction) {
    PrivatePostgres server(fast);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> session(PQconnectdb(server.url().c_str()),
                                                               &PQfinish);
    PQclear(PQexec(session.get(), "begin; create table t ()"));
    const auto start = std::chrono::steady_clock::now();
    server.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

TEST(PrivatePostgresTest, StopThatTakesTooLongEndsAsImmediate) {
    PrivatePostgresOptions options = fast;
    options.stop_timeout = 50ms;
    PrivatePostgres server(options);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> session(PQconnectdb(server.url().c_str()),
                                                               &PQfinish);
    const pid_t pid = server.pid();
    server.stop(StopMode::smart);  // would wait for the session for ever
    EXPECT_FALSE(is_alive(pid));
    server.start();
    EXPECT_EQ(ask(server.url(), "select 1"), "1");
}

TEST(PrivatePostgresTest, StartsAgainAtOnceAfterItWasKilled) {
    PrivatePostgres server(fast);
    EXPECT_EQ(ask(server.url(), "create table kept as select 42 as n"), "done");
    for (int round = 0; round < 5; ++round) {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> busy(PQconnectdb(server.url().c_str()),
                                                                &PQfinish);
        ASSERT_EQ(PQsendQuery(busy.get(), "select count(*) from generate_series(1, 10000000000)"),
                  1);
        ASSERT_EQ(::kill(server.pid(), SIGKILL), 0);
        ASSERT_TRUE(testing::eventually(10s, [&] { return server.pid() == 0; }));
        server.start();
        EXPECT_EQ(ask(server.url(), "select n from kept"), "42");
    }
}

TEST(PrivatePostgresTest, LeavesNoBusySessionWhenItWasKilled) {
    pid_t session = 0;
    {
        const PrivatePostgres server(fast);
        const std::unique_ptr<PGconn, decltype(&PQfinish)> busy(PQconnectdb(server.url().c_str()),
                                                                &PQfinish);
        session = PQbackendPID(busy.get());
        ASSERT_EQ(PQsendQuery(busy.get(), "select count(*) from generate_series(1, 10000000000)"),
                  1);
        ASSERT_EQ(::kill(server.pid(), SIGKILL), 0);
    }
    EXPECT_TRUE(testing::eventually(10s, [&] { return !is_alive(session); }));
}

TEST(PrivatePostgresTest, KeptFolderServesAgainAndRefusesASecondServer) {
    const ScratchFolder scratch;
    PrivatePostgresOptions options = fast;
    options.directory = scratch.path() / "made" / "here";
    {
        const PrivatePostgres server(options);
        EXPECT_EQ(ask(server.url(), "create table kept as select 42 as n"), "done");
        EXPECT_EQ(error_of([&] { const PrivatePostgres second(options); }),
                  "the private Postgres in \"" + options.directory.string() +
                      "\" is already running (pid " + std::to_string(server.pid()) +
                      "); stop it, or choose another folder");
        EXPECT_EQ(ask(server.url(), "select n from kept"), "42");
    }
    const PrivatePostgres again(options);
    EXPECT_EQ(ask(again.url(), "select n from kept"), "42");
}

TEST(PrivatePostgresTest, KeptFolderWithALongPathHasItsSocketElsewhere) {
    const ScratchFolder scratch;
    PrivatePostgresOptions options = fast;
    options.directory = scratch.path() / std::string(120, 'd');
    const PrivatePostgres server(options);
    EXPECT_EQ(ask(server.url(), "select 1"), "1");
}

TEST(PrivatePostgresTest, FolderOfSomebodyElsesFilesIsRefused) {
    const ScratchFolder scratch;
    std::ofstream(scratch.path() / "thesis.txt") << "years of work";
    PrivatePostgresOptions options = fast;
    options.directory = scratch.path();
    EXPECT_EQ(
        error_of([&] { const PrivatePostgres server(options); }),
        "the folder \"" + scratch.path().string() +
            "\" cannot be used: it is not empty and holds no private Postgres; choose another");
}

TEST(PrivatePostgresTest, UnfinishedInitialisationIsDoneAgain) {
    const ScratchFolder scratch;
    PrivatePostgresOptions options = fast;
    options.directory = scratch.path() / "kept";
    { const PrivatePostgres server(options); }
    fs::rename(options.directory / "data", options.directory / "data.unfinished");
    const PrivatePostgres server(options);
    EXPECT_EQ(ask(server.url(), "select 1"), "1");
}

TEST(PrivatePostgresTest, FailedStartSaysTheLastLineOfTheLogAndLeavesNothing) {
    const ScratchFolder scratch;
    ::setenv("TMPDIR", scratch.path().c_str(), 1);
    fs::permissions(scratch.path(), fs::perms(0777));
    EXPECT_EQ(error_of([] { const PrivatePostgres server({.settings = {"shared_bufers=1MB"}}); }),
              "the private Postgres did not start: FATAL:  unrecognized configuration parameter "
              "\"shared_bufers\"");
    ::unsetenv("TMPDIR");
    EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(PrivatePostgresTest, RootRunsItAsAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root changes the user";
    const PrivatePostgres server(fast);
    struct stat process {};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(server.pid())).c_str(), &process), 0);
    EXPECT_NE(process.st_uid, 0U);
    std::ifstream status("/proc/" + std::to_string(server.pid()) + "/status");
    const std::string text(std::istreambuf_iterator<char>(status), {});
    EXPECT_NE(text.find("\nGroups:\t \n"), std::string::npos) << text;
    struct stat data {};
    ASSERT_EQ(::stat((server.directory() / "data").c_str(), &data), 0);
    EXPECT_EQ(data.st_uid, process.st_uid);
}

TEST(PrivatePostgresTest, FolderThatTheServersUserMayNotEnterIsRefused) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root changes the user";
    const ScratchFolder scratch;
    fs::permissions(scratch.path(), fs::perms(0700));
    PrivatePostgresOptions options = fast;
    options.directory = scratch.path() / "kept";
    EXPECT_EQ(
        error_of([&] { const PrivatePostgres server(options); }),
        "the folder \"" + options.directory.string() + "\" cannot be used: the user " +
            Account::of_server().name +
            ", who runs the server when root starts it, may not enter it; choose another folder");
}

TEST(PrivatePostgresTest, OutlivesTheThreadThatMadeIt) {
    std::unique_ptr<PrivatePostgres> server;
    std::thread([&server] { server = std::make_unique<PrivatePostgres>(fast); }).join();
    // Were the server's life tied to that thread, SIGINT would be on its way by now, and the
    // server would refuse a session within this time.
    EXPECT_FALSE(testing::eventually(1s, [&] { return ask(server->url(), "select 1") != "1"; }));
}

// Not a test of its own: what SurvivesNoKill starts, and kills.
TEST(PrivatePostgresTest, HelperThatWaitsToBeKilled) {
    if (std::getenv("BATON_TEST_FILE") == nullptr) GTEST_SKIP() << "only as somebody's child";
    const PrivatePostgres server(fast);
    std::ofstream(std::getenv("BATON_TEST_FILE"))
        << server.pid() << ' ' << server.directory().string() << '\n';
    for (;;) ::pause();
}

TEST(PrivatePostgresTest, DiesWithItsParentKilledAndTheNextOneSweepsUp) {
    const ScratchFolder scratch;
    const fs::path told = scratch.path() / "told";
    testing::ChildProcess parent({.arguments = {fs::read_symlink("/proc/self/exe").string(),
                                                "--gtest_filter=*HelperThatWaitsToBeKilled"},
                                  .environment = {{"BATON_TEST_FILE", told.string()}}});
    pid_t pid = 0;
    fs::path folder;
    ASSERT_TRUE(
        testing::eventually(60s, [&] { return bool(std::ifstream(told) >> pid >> folder); }))
        << parent.output() << parent.error_output();
    folder = folder.string();
    ASSERT_TRUE(is_alive(pid));

    parent.kill(SIGKILL);
    EXPECT_TRUE(testing::eventually(20s, [&] { return !is_alive(pid); }));
    // Nobody was left to remove its folder: the next start does, here or in a test beside this one.
    const PrivatePostgres next(fast);
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_TRUE(fs::exists(next.directory()));
}

TEST(PrivatePostgresTest, SignalsThatTheCallerBlocksStillStopTheServer) {
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    pid_t pid = 0;
    {
        const PrivatePostgres server(fast);
        pid = server.pid();
    }
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
    EXPECT_FALSE(is_alive(pid));
}

TEST(PrivatePostgresTest, VariablesOfLibpqDoNotLeadItAstray) {
    ::setenv("PGPORT", "1", 1);
    ::setenv("PGDATA", "/nowhere", 1);
    ::setenv("PGDATABASE", "nothing", 1);
    ::setenv("PGUSER", "nobody", 1);
    {
        const PrivatePostgres server(fast);
        EXPECT_EQ(ask(server.url(), "select current_user || current_database()"), "batonpostgres");
    }
    for (const char* const name : {"PGPORT", "PGDATA", "PGDATABASE", "PGUSER"}) ::unsetenv(name);
}

// Makes files that look like the programs.
void pretend(const fs::path& bin) {
    fs::create_directories(bin);
    for (const char* const program : {"postgres", "initdb"}) {
        std::ofstream(bin / program) << "#!/bin/sh\n";
        fs::permissions(bin / program, fs::perms(0755));
    }
}

TEST(PrivatePostgresTest, ProgramsAreFoundInTheUsualPlacesNewestFirst) {
    const ScratchFolder scratch;
    const fs::path versions = scratch.path() / "versions";
    const fs::path elsewhere = scratch.path() / "elsewhere";
    const std::string path = "relative:/nonexistent:" + elsewhere.string();
    pretend(elsewhere);
    pretend(versions / "9.6" / "bin");
    pretend(versions / "14" / "bin");
    EXPECT_EQ(find_programs({"", versions, path}), elsewhere);
    pretend(versions / "15" / "bin");
    fs::create_directories(versions / "18" / "bin");  // as a removed package leaves it
    EXPECT_EQ(find_programs({"", versions, path}), versions / "15" / "bin");
    pretend(versions / "18" / "bin");
    EXPECT_EQ(find_programs({"", versions, path}), versions / "18" / "bin");
    EXPECT_EQ(find_programs({elsewhere.string(), versions, path}), elsewhere);
}

TEST(PrivatePostgresTest, MissingProgramsAreNamedInOneLine) {
    EXPECT_EQ(
        error_of([] {
            static_cast<void>(find_programs({"", "/nowhere", "/also/nowhere"}));
        }),
        "no PostgreSQL 15 or newer in /nowhere/*/bin or PATH; install it (apt install postgresql), "
        "or set BATON_PG_BIN to the folder that holds postgres and initdb");
    ::setenv("BATON_PG_BIN", "/nowhere", 1);
    EXPECT_EQ(error_of([] { const PrivatePostgres server; }),
              "BATON_PG_BIN is \"/nowhere\", which does not hold the programs postgres and initdb");
    ::unsetenv("BATON_PG_BIN");
}

}  // namespace
}  // namespace baton::postgres
