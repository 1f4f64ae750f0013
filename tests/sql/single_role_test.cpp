// An environment whose owner may not create roles: for itself alone, until somebody makes the group
// roles; and what doctor() says of owners that are stronger than they need to be.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

class SingleRoleTest : public ::testing::Test {
protected:
    // Roles belong to the server: named after the database, and dropped with the test.
    void SetUp() override {
        admin_.exec("create role " + owner_ + " login");
        admin_.exec("grant create on database " + database_.name() + " to " + owner_);
    }
    void TearDown() override {
        for (const std::string& schema : {schema_, other_}) {
            if (Migrator().status(admin_, schema).installed) (void)uninstall(admin_, schema);
        }
        admin_.exec("drop owned by " + owner_ + "; drop role " + owner_);
    }

    InstallReport install(WithoutRoles without_roles) {
        Connection owner(url_);
        return Migrator().install(owner, schema_, {}, without_roles);
    }

    // "state: found; fix" of one check.
    std::string finding(const std::string& check) {
        return std::string(admin_
                               .exec("select state || ': ' || found || coalesce('; ' || fix, '') "
                                     "from " +
                                     schema_ + ".doctor() where check_name = '" + check + "'")
                               .only()
                               .text(0));
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string schema_ = "baton_" + database_.name();
    const std::string other_ = "baton_other_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string url_ = database_.url() + "&user=" + owner_;
};

TEST_F(SingleRoleTest, InstallerOffersItAndBeginsNothingUnasked) {
    const Outcome refused = outcome_of([&] { (void)install(WithoutRoles::refuse); });
    EXPECT_EQ(refused.code, "settings_invalid");
    EXPECT_NE(refused.text.find("create role " + schema_ + "_dispatch nologin"), std::string::npos)
        << refused.text;
    EXPECT_NE(refused.text.find("install with --single-role, which is weaker"), std::string::npos)
        << refused.text;
    EXPECT_FALSE(Migrator().status(admin_, schema_).installed);
}

TEST_F(SingleRoleTest, OwnerDoesEverythingAndDoctorCallsItWeaker) {
    const InstallReport report = install(WithoutRoles::single_role);
    ASSERT_EQ(report.warnings.size(), 1U);
    EXPECT_NE(report.warnings[0].find("single-role mode, which is weaker; only " + owner_),
              std::string::npos);
    Connection owner(url_);
    owner.exec("select " + schema_ + ".dispatch('a/b')");
    EXPECT_EQ(finding("roles").find("warning: single-role mode, which is weaker"), 0U)
        << finding("roles");
    EXPECT_EQ(finding("owner"),
              "ok: " + owner_ + " owns this environment and no other in this database");
}

TEST_F(SingleRoleTest, UpgradeGoesOnWithoutRolesAndMendsThemOnceItCan) {
    (void)install(WithoutRoles::single_role);
    admin_.exec("comment on table " + schema_ + ".schema_migration is 'older'");
    EXPECT_EQ(install(WithoutRoles::refuse).warnings.size(), 1U) << "it was chosen once";
    EXPECT_FALSE(install(WithoutRoles::refuse).functions_installed);

    for (const std::string suffix : {"dispatch", "node", "orchestrate", "observe", "tenant"}) {
        admin_.exec("create role " + schema_ + "_" + suffix);
    }
    EXPECT_EQ(finding("roles").find("warning: without rights here: "), 0U) << finding("roles");
    EXPECT_TRUE(install(WithoutRoles::refuse).functions_installed);
    EXPECT_EQ(finding("roles").find("ok: grant "), 0U) << finding("roles");
    EXPECT_FALSE(install(WithoutRoles::refuse).functions_installed);
}

TEST_F(SingleRoleTest, OwnerThatMayCreateRolesByNowMendsItAsDoctorSays) {
    (void)install(WithoutRoles::single_role);
    EXPECT_NE(finding("roles").find("run baton environment upgrade as " + owner_),
              std::string::npos)
        << finding("roles");
    admin_.exec("alter role " + owner_ + " createrole");
    EXPECT_TRUE(install(WithoutRoles::refuse).functions_installed);
    EXPECT_EQ(finding("roles").find("ok: "), 0U) << finding("roles");
}

TEST_F(SingleRoleTest, SomeOfTheRolesAreNoMode) {
    admin_.exec("create role " + schema_ + "_observe");
    const Outcome refused = outcome_of([&] { (void)install(WithoutRoles::single_role); });
    EXPECT_EQ(refused.code, "settings_invalid");
    EXPECT_EQ(refused.text.find("--single-role"), std::string::npos) << refused.text;
    admin_.exec("drop role " + schema_ + "_observe");
}

TEST_F(SingleRoleTest, DoctorWarnsOfAnOwnerThatReachesIntoOtherEnvironments) {
    (void)install(WithoutRoles::single_role);
    Connection owner(url_);
    (void)Migrator().install(owner, other_, {}, WithoutRoles::single_role);
    EXPECT_EQ(finding("owner").find("warning: " + owner_ + " owns " + other_ + ", too"), 0U)
        << finding("owner");
    (void)uninstall(admin_, other_);

    (void)Migrator().install(admin_, other_);
    EXPECT_EQ(finding("owner").find("ok: "), 0U) << finding("owner");
    admin_.exec("alter role " + owner_ + " createrole");
    const bool joins_any =
        admin_.exec("select current_setting('server_version_num')::int < 160000").only().boolean(0);
    EXPECT_EQ(finding("owner").find("may create roles") != std::string::npos, joins_any);
    admin_.exec("alter role " + owner_ + " superuser");
    EXPECT_NE(finding("owner").find("is a superuser"), std::string::npos) << finding("owner");
}

}  // namespace
}  // namespace baton::sql
