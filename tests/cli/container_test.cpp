// Machines that are none: containers of one image, which have one machine id and a folder each, and
// a secret that is mounted.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/tcp_server.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// One container, or one user: a folder of its own, on the machine that `machine_id` names.
std::unique_ptr<Tool> container(const TestDatabase& database, const std::string& machine_id,
                                const std::string& kind) {
    auto tool = std::make_unique<Tool>(database);
    tool->set("BATON_KIND", kind);
    tool->set("BATON_MACHINE_ID_FILE", machine_id);
    tool->set("XDG_CONFIG_HOME", (tool->folder() / "config").string());
    return tool;
}

bool takes_part(const ChildProcess& process) {
    return eventually(30s, [&] {
        const std::string told = process.error_output();
        return told.find("leading") != std::string::npos ||
               told.find("standing by") != std::string::npos;
    });
}

TEST(ContainerTest, EachOfOneImageIsLetInInDevelopmentThoughAllStartAtOnce) {
    const TestDatabase database{environment_template()};
    const Tool image;
    const std::string machine_id = image.write("machine-id", "an image\n");
    std::vector<std::unique_ptr<Tool>> tools;
    std::vector<std::unique_ptr<ChildProcess>> processes;
    for (int i = 0; i < 3; ++i) {
        tools.push_back(container(database, machine_id, "development"));
        // And two processes in each, which make one token.
        for (int j = 0; j < 2; ++j) {
            processes.push_back(
                std::make_unique<ChildProcess>(tools.back()->options({"orchestrate"})));
        }
    }
    for (const auto& process : processes) {
        EXPECT_TRUE(takes_part(*process)) << process->error_output();
    }
    sql::Connection connection(database.url(), in_test_schema());
    EXPECT_EQ(connection.exec("select count(*) from refusals()").only().integer(0), 0);
    EXPECT_EQ(connection.exec("select count(*) from machines()").only().integer(0), 1);
}

// The next image has the same machine id, and a token that nobody knows.
TEST(ContainerTest, TheNextImageBringsANewVersionInDevelopment) {
    const TestDatabase database{environment_template()};
    const Tool image;
    const std::string machine_id = image.write("machine-id", "an image\n");
    const std::string first = image.write("first.sql", category_sales());
    std::string text = category_sales();
    for (std::size_t at = 0; (at = text.find("__v1", at)) != std::string::npos;) {
        text.replace(at, 4, "__v2");
    }
    text.replace(text.find("version 1"), 9, "version 2");
    const std::string next = image.write("next.sql", text);

    const auto former = container(database, machine_id, "development");
    const ChildProcess leader(former->options({"orchestrate", "--reducer", first}));
    ASSERT_TRUE(takes_part(leader)) << leader.error_output();
    const auto later = container(database, machine_id, "development");
    const ChildProcess builder(later->options({"orchestrate", "--reducer", next}));
    sql::Connection connection(database.url(), in_test_schema());
    EXPECT_TRUE(eventually(30s, [&] {
        return connection
                   .exec(
                       "select count(*) from set_version where version = 2 and state = "
                       "'live'")
                   .only()
                   .integer(0) == 1;
    })) << builder.error_output();
}

TEST(ContainerTest, SecretThatIsMountedForAGroupIsTheToken) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of root's";
    const TestDatabase database{environment_template()};
    const Tool image;
    const auto tool = container(database, image.write("machine-id", "a pod\n"), "staging");
    ASSERT_EQ(tool->run({"environment", "upgrade"}).code, 0);
    ASSERT_EQ(tool->run({"environment", "enrol"}).code, 0);
    const std::filesystem::path token = tool->folder() / "config/baton/test.token";
    ASSERT_EQ(::chmod(token.c_str(), 0440), 0);
    const ChildProcess process(tool->options({"orchestrate"}));
    EXPECT_TRUE(takes_part(process)) << process.error_output();
}

TEST(ContainerTest, DoctorWarnsOfLessThanVerifyFullToAnotherMachine) {
    const TcpServer server;
    const Tool tool;
    const auto told = [&](const std::string& url) {
        return tool.run({"doctor", "--env", "dev", "--url", url}).out;
    };
    const std::string here = server.tcp_url("postgres");
    EXPECT_NE(told(here).find("the server is on this machine"), std::string::npos) << told(here);
    const std::string elsewhere =
        "postgresql://baton@db.example.com:5432/postgres?hostaddr=" + server.address() +
        "&sslmode=disable";
    const std::string warning = told(elsewhere);
    EXPECT_NE(warning.find("warning  tls"), std::string::npos) << warning;
    EXPECT_NE(warning.find("sslmode is disable: another server could be taken for this one"),
              std::string::npos)
        << warning;
}

}  // namespace
}  // namespace baton::testing
