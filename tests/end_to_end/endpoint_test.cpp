// Handlers that are endpoints, as processes: the example's receivers, a node, and the verbs.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto baton_program = BATON_BINARY_DIR "/cli/baton";
constexpr auto key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string free_port() {
    const int made = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(made, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(made, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ::close(made);
    return std::to_string(ntohs(address.sin_port));
}

class EndpointProcessTest : public ::testing::Test {
protected:
    void SetUp() override {
        describe_as_development(connection_);
        std::string file = text_of(BATON_SOURCE_DIR "/examples/endpoint/dev.toml");
        const auto exchange = [&](const std::string& from, const std::string& to) {
            file.replace(file.find(from), from.size(), to);
        };
        exchange("\"dev\"", "\"test\"");
        exchange("8787", port_);
        std::ofstream(folder_ + "/test.toml") << file;
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] ChildProcessOptions receiver(const std::string& program,
                                               const std::string& file) const {
        return {.arguments = {program, std::string(BATON_SOURCE_DIR "/examples/endpoint/") + file},
                .environment = {{"PORT", port_}, {"INVOICE_KEY", key}}};
    }
    [[nodiscard]] ChildProcessOptions baton(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), baton_program);
        arguments.insert(arguments.end(), {"--env", folder_ + "/test.toml"});
        return {.arguments = std::move(arguments),
                .environment = {{"DATABASE_URL", database_.url()}, {"INVOICE_KEY", key}}};
    }
    [[nodiscard]] bool is_done(int task) {
        return eventually(60s, [&] {
            return connection_
                       .exec("select count(*) from task_end where outcome = 'done' and task = " +
                             std::to_string(task) + " and result ->> 'as' = 'test/task/" +
                             std::to_string(task) + "'")
                       .only()
                       .integer(0) == 1;
        });
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    const std::string port_ = free_port();
    const std::string folder_ = [] {
        std::string folder = "/tmp/baton_endpoint_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        return folder;
    }();
};

TEST_F(EndpointProcessTest, ExampleAndVerbsDoWhatTheDocumentsSay) {
    std::optional<ChildProcess> answers(std::in_place, receiver("python3", "receiver.py"));
    ChildProcess node(baton({"node"}));
    ASSERT_TRUE(eventually(60s, [&] {
        return connection_.exec("select count(*) from endpoint").only().integer(0) == 1;
    })) << node.error_output();
    connection_.exec("select enqueue('send_invoice', '{\"order\": 42}')");
    EXPECT_TRUE(is_done(1)) << node.error_output() << answers->error_output();

    answers.reset();
    answers.emplace(receiver("node", "receiver.js"));
    connection_.exec("select enqueue('send_invoice', '{\"order\": 43}')");
    EXPECT_TRUE(is_done(2)) << node.error_output() << answers->error_output();

    Outcome told = run(baton({"endpoints", "test", "send_invoice", "--payload", "{\"order\": 7}"}));
    EXPECT_EQ(told.output, "{\"sent\":7,\"as\":\"test/task/0\"}\n") << told.error;
    EXPECT_EQ(told.code, 0);
    EXPECT_EQ(run(baton({"endpoints", "disable", "send_invoice"})).output,
              "send_invoice is disabled\n");
    told = run(baton({"endpoints", "list"}));
    EXPECT_NE(told.output.find("disabled"), std::string::npos) << told.output << told.error;
    told = run(baton({"endpoints", "list", "--json"}));
    EXPECT_NE(told.output.find("\"http://127.0.0.1:" + port_ + "/invoices\""), std::string::npos);
    EXPECT_EQ(run(baton({"endpoints", "enable", "send_invoice"})).output,
              "send_invoice is enabled\n");
    told = run(baton({"endpoints", "show", "send_invoice", "--json"}));
    EXPECT_NE(told.output.find("\"state\": \"open\""), std::string::npos) << told.output;
    told = run(baton({"endpoints", "enable", "nobody"}));
    EXPECT_NE(told.error.find("[BT037]"), std::string::npos) << told.error;
    EXPECT_EQ(node.error_output().find("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), std::string::npos);

    ChildProcessOptions bare = baton({"doctor"});
    told = run(bare);
    EXPECT_NE(told.output.find("requests into 127.0.0.1"), std::string::npos) << told.output;
    bare.environment["INVOICE_KEY"] = "";
    told = run(bare);
    EXPECT_NE(told.output.find("the secret \"env:INVOICE_KEY\" is not set on this node"),
              std::string::npos)
        << told.output;
    node.kill(SIGTERM);
    EXPECT_EQ(node.wait(20s).value_or(ExitStatus{}).code, 0) << node.error_output();
}

}  // namespace
}  // namespace baton::testing
