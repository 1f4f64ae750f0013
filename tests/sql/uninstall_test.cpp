// A development environment beside production: dropping it leaves nothing behind, and touches
// nothing of the other. The whole catalogue is compared, of the database and of the server, and
// every row of production's tables. What an installation looks like in pieces is
// tests/sql/migrator_test.cpp.

#include <gtest/gtest.h>

#include <map>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

MachineCredentials member(const std::string& environment, char digit, bool may_enrol) {
    return {environment, std::string(64, digit),
            "baton_" + environment + "_" + std::string(64, digit), may_enrol};
}

class UninstallTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (const std::string& owner : {production_owner_, dev_owner_}) {
            admin_.exec("create role " + owner + " login createrole");
            admin_.exec("grant create on database " + database_.name() + " to " + owner);
        }
        admin_.exec("create role " + application_ + " login");
        install(production_owner_, "production", "production");
        Connection owner = connect(production_owner_, "production");
        const MachineCredentials box = member("production", 'a', false);
        owner.exec("select enrol_machine('" + box.machine_id + "', 'box', sha256('" + box.token +
                   "'), '{10.0.0.0/8}')");
        owner.exec("select dispatch('order/placed')");
        EXPECT_EQ(lead_as(production_owner_, box), "origin_refused");
    }
    void TearDown() override {
        (void)uninstall(admin_, "baton_production");
        for (const std::string& role : {production_owner_, dev_owner_}) {
            admin_.exec("drop owned by " + role);
        }
        admin_.exec("drop role " + production_owner_ + ", " + dev_owner_ + ", " + application_);
    }

    Connection connect(const std::string& role, const std::string& environment) {
        ConnectOptions options;
        options.schema = "baton_" + environment;
        return Connection(database_.url() + "&user=" + role, options);
    }
    void install(const std::string& owner, const std::string& name, const std::string& kind) {
        Connection connection(database_.url() + "&user=" + owner);
        (void)Migrator().install(connection, "baton_" + name);
        connect(owner, name).exec("select describe_environment('" + name + "', '" + kind + "')");
    }
    std::string lead_as(const std::string& role, const MachineCredentials& credentials) {
        return outcome_of([&] {
                   Connection candidate = connect(role, credentials.environment);
                   (void)lead(candidate, {"node", {}, {}, 1min, credentials});
               })
            .code;
    }

    // Everything that an environment comes to have while it is used.
    void use_dev() {
        Connection owner = connect(dev_owner_, "dev");
        owner.exec("update environment set auto_enrol_beside_production = true");
        owner.exec("grant baton_dev_dispatch, baton_dev_orchestrate to " + application_);
        EXPECT_EQ(lead_as(application_, member("dev", 'b', true)), "no error");
        EXPECT_EQ(lead_as(application_, member("dev", 'c', false)), "machine_not_enrolled");
        owner.exec("select add_event_partitions()");
        Transaction transaction(owner);
        transaction.exec(
            "select run_reducer_script($script$"
            "create table totals__v1 (k text primary key, position bigint not null);"
            "create function totals__v1() returns void language sql as 'select'"
            "$script$)");
        transaction.exec(
            "select register_reducer('totals', 1, 'b', 'sql', view_columns('totals', 1))");
        transaction.commit();
        connect(application_, "dev").exec("select dispatch('order/placed')");
        EXPECT_EQ(owner.exec("select count(*) from machine").only().integer(0), 1);
        EXPECT_EQ(owner.exec("select count(*) from refusal").only().integer(0), 1);
    }

    using Digests = std::map<std::string, std::string>;

    // The rows of each table, as a digest.
    Digests digests_of(const std::string& schema) {
        // These change by themselves: statistics, and how far vacuum is.
        const Result tables = admin_.exec(
            "select c.oid::regclass::text from pg_class c where c.relkind in ('r', 'p') and "
            "c.relnamespace = '" +
            schema +
            "'::regnamespace and c.relname not in ('pg_class', 'pg_database', 'pg_statistic', "
            "'pg_statistic_ext_data')");
        Digests digests;
        for (const Row& table : tables) {
            const std::string name(table.text(0));
            const Result rows = admin_.exec(
                "select coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') from " + name +
                " t");
            digests[name] = rows.only().text(0);
        }
        return digests;
    }
    Digests catalogue() {
        Digests digests = digests_of("pg_catalog");
        for (const Row& row : admin_.exec("select oid::text, concat(relname, ' ', relowner, "
                                          "relkind, relacl) from pg_class")) {
            digests["class " + std::string(row.text(0))] = row.text(1);
        }
        return digests;
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string production_owner_ = database_.name() + "_production";
    const std::string dev_owner_ = database_.name() + "_dev";
    const std::string application_ = database_.name() + "_application";
};

TEST_F(UninstallTest, DevelopmentEnvironmentLeavesNothingAndProductionIsAsItWas) {
    const Digests server = catalogue();
    const Digests production = digests_of("baton_production");
    install(dev_owner_, "dev", "development");
    use_dev();
    EXPECT_NE(catalogue(), server);
    {
        Connection owner(database_.url() + "&user=" + dev_owner_);
        const UninstallReport report = uninstall(owner, "baton_dev");
        EXPECT_EQ(report.roles_dropped.size(), 5U);
        EXPECT_TRUE(report.roles_kept.empty());
    }
    const Digests left = catalogue();
    for (const auto& [name, digest] : left) {
        const auto former = server.find(name);
        EXPECT_TRUE(former != server.end() && former->second == digest) << name;
    }
    EXPECT_EQ(left.size(), server.size());
    EXPECT_EQ(digests_of("baton_production"), production);
    // Back again it knows nobody.
    install(dev_owner_, "dev", "development");
    Connection dev = connect(dev_owner_, "dev");
    EXPECT_EQ(dev.exec("select count(*) from machine").only().integer(0), 0);
    EXPECT_EQ(dev.exec("select auto_enrol_beside_production from environment").only().text(0), "f");
    (void)uninstall(admin_, "baton_dev");
}

TEST_F(UninstallTest, OwnerOfAnotherEnvironmentCanDoNothingToProduction) {
    install(dev_owner_, "dev", "development");
    const Digests server = catalogue();
    const Digests production = digests_of("baton_production");
    Connection owner(database_.url() + "&user=" + dev_owner_);
    EXPECT_EQ(outcome_of([&] { (void)uninstall(owner, "baton_production"); }).sqlstate, "42501");
    const std::string machine = "'" + std::string(64, 'a') + "'";
    for (const std::string& statement : std::vector<std::string>{
             "drop schema baton_production cascade", "drop role baton_production_node",
             "select baton_production.enrol_machine(" + machine + ", 'x', sha256('x'))",
             "select baton_production.revoke_machine(" + machine + ")",
             "select baton_production.describe_environment('production', 'production')",
             "delete from baton_production.machine"}) {
        const Outcome outcome = outcome_of([&] { owner.exec(statement); });
        EXPECT_TRUE(outcome.sqlstate == "42501" || outcome.sqlstate == "2BP01")
            << statement << ": " << outcome.text;
    }
    EXPECT_EQ(catalogue(), server);
    EXPECT_EQ(digests_of("baton_production"), production);
    (void)uninstall(admin_, "baton_dev");
}

}  // namespace
}  // namespace baton::sql
