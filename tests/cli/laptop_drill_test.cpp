// The accident that enrolment is for: a laptop gets hold of what production's machines have, piece
// by piece, while production works. It never leads, each attempt is on record, and production does
// not notice.
//
// One server has production's database and staging's. Each machine is a folder of its own: another
// machine id, other tokens, other files; they all run the real binary. Production's machine is
// pinned to TCP from this host, which a session over the server's socket is not.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/private_postgres.hpp"
#include "support/child_process.hpp"
#include "support/client_program.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int event_count = 100'000;

class Machine {
public:
    explicit Machine(const std::string& name) {
        tool.set("BATON_MACHINE_ID_FILE", tool.write("machine-id", name + "\n"));
        tool.set("XDG_CONFIG_HOME", (tool.folder() / "config").string());
        fs::create_directory(tool.folder() / "environments");
    }
    [[nodiscard]] fs::path file(const std::string& environment) const {
        return tool.folder() / "environments" / (environment + ".toml");
    }
    [[nodiscard]] fs::path token(const std::string& environment) const {
        return tool.folder() / "config/baton" / (environment + ".token");
    }
    void write_file(const std::string& environment, const std::string& kind,
                    const std::string& url) {
        tool.write("environments/" + environment + ".toml",
                   "name = \"" + environment + "\"\nkind = \"" + kind +
                       "\"\n[connection]\nurl = \"" + url + "\"\n");
    }
    [[nodiscard]] std::string id() const {
        const std::string line = tool.run({"environment", "machine-id"}).out;
        return line.substr(0, line.find('\n'));
    }
    // Tries to lead, which must not last.
    [[nodiscard]] std::string refusal(const std::string& environment) const {
        const Ran ran = tool.run({"orchestrate", "--env", environment, "--log-level", "warn"});
        EXPECT_EQ(ran.code, 1) << ran.err;
        return ran.err;
    }
    void run(const std::vector<std::string>& arguments) const {
        const Ran ran = tool.run(arguments);
        EXPECT_EQ(ran.code, 0) << ran.err;
    }

    Tool tool;
};

class LaptopDrillTest : public ::testing::Test {
protected:
    void SetUp() override {
        sql::Connection admin(server_.url());
        admin.exec(
            "copy (values ('local all all trust'), ('host all all 127.0.0.0/8 trust')) to '" +
            std::string(admin.exec("show hba_file").only().text(0)) + "'");
        admin.exec("select pg_reload_conf()");
        admin.exec("create database shop");
        admin.exec("create database trial");
        tcp_url_ = "postgresql://baton@" + address_ + ":5432/shop";
        ASSERT_TRUE(eventually(10s, [&] {
            try {
                const sql::Connection probe(tcp_url_);
                return true;
            } catch (const Error&) {
                return false;
            }
        }));
        box_.write_file("production", "production", tcp_url_);
        box_.run({"environment", "install", "production"});
        box_.run({"environment", "enrol", "production", "--network", "127.0.0.0/8"});
    }

    std::string ask(const std::string& database, const std::string& environment,
                    const std::string& query) {
        sql::ConnectOptions options;
        options.schema = "baton_" + environment;
        sql::Connection connection(server_.url(database), options);
        return std::string(connection.exec("select " + query).only().text(0));
    }
    std::string production(const std::string& query) { return ask("shop", "production", query); }

    // Each attempt of the laptop's: what it is told names the code.
    static void expect_refused(const std::string& told, const std::string& code,
                               const std::string& part) {
        EXPECT_NE(told.find("[" + code + "]"), std::string::npos) << told;
        EXPECT_NE(told.find(part), std::string::npos) << told;
    }

    void a_development_file_with_the_url() {
        laptop_.write_file("dev", "development", tcp_url_);
        expect_refused(laptop_.refusal("dev"), "BT009", "baton_dev is not installed");
        // Even where somebody made room for it there.
        box_.run({"environment", "install", "dev", "--url", tcp_url_});
        expect_refused(laptop_.refusal("dev"), "BT029", "has a production environment, too");
        EXPECT_EQ(ask("shop", "dev", "string_agg(code, ' ') from refusals()"), "BT029");
    }

    void b_the_file() {
        fs::copy_file(box_.file("production"), laptop_.file("production"));
        expect_refused(laptop_.refusal("production"), "BT029", laptop_.id());
    }

    void c_the_token_too() {
        fs::create_directories(laptop_.token("production").parent_path());
        fs::copy_file(box_.token("production"), laptop_.token("production"));
        expect_refused(laptop_.refusal("production"), "BT029",
                       "shows the token of machine " + box_.id());
        EXPECT_EQ(production("attempts from refusals() where machine_id = '" + laptop_.id() + "'"),
                  "2");
    }

    void d_everything_but_the_place() {
        sql::Connection forger(server_.url("shop"));
        forger.exec("set search_path = baton_production");
        // What it has is known to the forger: the id, and the token that lies in the file.
        std::ifstream file(box_.token("production"));
        std::string token;
        file >> token;
        const sql::Result answer = forger.exec(
            "select epoch, refused_code from take_lead('forger', '{category_sales@1}', "
            "'{category_sales@1}', '1 h', "
            "'production', '" +
            box_.id() + "', '" + token + "')");
        EXPECT_TRUE(answer.only().is_null(0));
        EXPECT_EQ(answer.only().text(1), "BT033");
        EXPECT_EQ(production("node from refusals() where code = 'BT033'"), "forger");
        EXPECT_THROW(forger.exec("select fence((select epoch from leader), '1 h')"), Error);
    }

    void e_a_dump_as_another_environment() {
        const std::string copy =
            client_program("pg_dump") + " -O -x -n baton_production -d '" + server_.url("shop") +
            "' | sed s/baton_production/baton_staging/g | " + client_program("psql") +
            " -X -q -v ON_ERROR_STOP=1 -d '" + server_.url("trial") + "'";
        ChildProcess process({.arguments = {"bash", "-euo", "pipefail", "-c", copy}});
        const auto status = process.wait(60s);
        ASSERT_TRUE(status && status->code == 0) << process.error_output();
        laptop_.write_file("staging", "staging", server_.url("trial"));
        expect_refused(laptop_.refusal("staging"), "BT028",
                       "belongs to the environment production");
        laptop_.run({"environment", "install", "staging"});
        expect_refused(laptop_.refusal("staging"), "BT029", laptop_.id());
        laptop_.run({"environment", "enrol", "staging"});
        const ChildProcess orchestrator(
            laptop_.tool.options({"orchestrate", "--env", "staging", "--reducer", reducer_}));
        EXPECT_TRUE(eventually(30s, [&] {
            return ask("trial", "staging", "backend_pid is not null from leader") == "t";
        })) << orchestrator.error_output();
        EXPECT_EQ(ask("trial", "staging",
                      "string_agg(code, ' ' order by code) from refusals() "
                      "where machine_id = '" +
                          laptop_.id() +
                          "' "
                          "and node <> '' and message like '%staging%'"),
                  "BT028 BT029");
    }

    // An address that no other server on this host has.
    const std::string address_ = "127.77." + std::to_string(::getpid() / 250 % 250) + "." +
                                 std::to_string(::getpid() % 250 + 1);
    sql::PrivatePostgres server_{
        {.settings = {"fsync=off", "listen_addresses=" + address_, "max_wal_size=4GB"}}};
    std::string tcp_url_;
    Machine box_{"production's box"};
    Machine laptop_{"a laptop"};
    const std::string reducer_ = box_.tool.write("category_sales.sql", category_sales());
};

TEST_F(LaptopDrillTest, LaptopNeverLeadsWhateverItHas) {
    if (!has_pg_dump()) GTEST_SKIP() << lacks_pg_dump;
    const ChildProcess leader(box_.tool.options(
        {"orchestrate", "--env", "production", "--node", "box", "--reducer", reducer_}));
    ASSERT_TRUE(eventually(30s, [&] {
        return production("coalesce(node, '') from leader") == "box" &&
               production("exists (select from view_state)") == "t";
    })) << leader.error_output();

    auto writer = std::async(std::launch::async, [&] {
        sql::Connection connection(server_.url("shop"));
        connection.exec("set search_path = baton_production");
        for (int i = 0; i < 100; ++i) {
            connection.exec("select count(dispatch('order/placed', '" + order("Chairs") +
                            "')) from generate_series(1, " + std::to_string(event_count / 100) +
                            ")");
        }
    });
    a_development_file_with_the_url();
    b_the_file();
    c_the_token_too();
    d_everything_but_the_place();
    e_a_dump_as_another_environment();
    writer.get();

    EXPECT_TRUE(eventually(60s, [&] {
        return production("coalesce(sum(lines), 0) from category_sales") ==
               std::to_string(event_count);
    })) << production("status()::text");
    EXPECT_EQ(production("string_agg(node, ' ') from leadership"), "box");
    EXPECT_EQ(production("sum(count) from batch"), std::to_string(event_count));
    EXPECT_EQ(production("string_agg(code, ' ' order by code) from refusals()"), "BT029 BT033");
}

}  // namespace
}  // namespace baton::testing
