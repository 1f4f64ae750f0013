// The accident that enrolment is for: a laptop gets hold of what production's machines have, piece
// by piece, while production works. It never leads, each attempt is on record, and production does
// not notice.
//
// One server has production's database and staging's. Each machine is a folder of its own: another
// machine id, other tokens, other files; they all run the real binary. Production's machine is
// pinned to the address that it comes from and to its TLS certificate.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/proof.hpp"
#include "support/child_process.hpp"
#include "support/client_program.hpp"
#include "support/eventually.hpp"
#include "support/proxy.hpp"
#include "support/tcp_server.hpp"
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
    void write_file(const std::string& environment, const std::string& kind, const std::string& url,
                    const std::string& more = "") {
        tool.write("environments/" + environment + ".toml",
                   "name = \"" + environment + "\"\nkind = \"" + kind +
                       "\"\n[connection]\nurl = \"" + url + "\"\n" + more);
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
        sql::Connection admin(server_.url("postgres"));
        admin.exec("create database shop");
        admin.exec("create database trial");
        box_.write_file("production", "production", url_,
                        "[enrol]\nnetworks = [\"127.0.0.1\"]\nclient_dn = \"/CN=box\"\n");
        box_.run({"environment", "install", "production"});
        box_.run({"environment", "enrol", "production"});
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
        laptop_.write_file("dev", "development", url_);
        const std::string told = laptop_.refusal("dev");
        expect_refused(told, "BT009", "baton_dev is not installed");
        EXPECT_EQ(production("count(*) from refusals()"), "0") << "no door, no record";
        // Even where somebody made room for it there.
        box_.run({"environment", "install", "dev", "--url", url_});
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
        EXPECT_EQ(production("attempts from refusals() where code = 'BT029' and machine_id = '" +
                             laptop_.id() + "'"),
                  "2");
    }

    // In plain SQL, with the id and the token that lie in the files; what is told by whom.
    void forge(const std::string& url, const std::string& address, const std::string& part) {
        sql::Connection forger(url);
        forger.exec("set search_path = baton_production");
        std::ifstream file(box_.token("production"));
        std::string token;
        file >> token;
        const std::string asked(forger.exec("select challenge()").only().text(0));
        const sql::Result answer = forger.exec(
            "select epoch, refused_code, refused_message from take_lead('forger', "
            "array[('category_sales', 1)]::versioned[], array[('category_sales', 1)]::versioned[], "
            "'1 h', 'production', '" +
            box_.id() + "', '" + sql::proof_of(token, asked, "production", box_.id()) + "')");
        EXPECT_TRUE(answer.only().is_null(0));
        EXPECT_EQ(answer.only().text(1), "BT033");
        EXPECT_NE(answer.only().text(2).find(part), std::string::npos) << answer.only().text(2);
        EXPECT_EQ(production("message from refusals() where code = 'BT033' and node = 'forger' and "
                             "address = '" +
                             address + "'"),
                  answer.only().text(2));
        EXPECT_THROW(forger.exec("select fence((select epoch from leader), '1 h')"), Error);
    }

    void d_everything_but_the_place() {
        const Proxy elsewhere(server_.url("shop"), TcpWay{server_.address(), "127.0.0.2"});
        forge(elsewhere.url(), "127.0.0.2", "it comes from 127.0.0.2, and may only come from");
        forge(server_.url("shop"), "local", "it comes from a unix socket");
        const std::string here = server_.tcp_url("shop");
        forge(here, "127.0.0.1", "its session has no TLS");
        forge(here + server_.with_certificate(""), "127.0.0.1", "it shows no TLS certificate");
        forge(here + server_.with_certificate("laptop"), "127.0.0.1",
              "it shows the TLS certificate of /CN=laptop");
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
                          laptop_.id() + "' and address = 'local'"),
                  "BT028 BT029");
    }

    TcpServer server_;
    const std::string url_ = server_.tcp_url("shop") + server_.with_certificate("box");
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
    EXPECT_EQ(production("string_agg(code, ' ' order by code) from refusals()"),
              "BT029 BT033 BT033 BT033");
}

}  // namespace
}  // namespace baton::testing
