// What the tests of versions have in common: processes that carry versions of the same views.
//
// Threads: as World.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "orchestrator/world.hpp"

namespace baton::testing {

class VersionsFixture : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::string& node,
                                        const std::vector<std::string>& options = {},
                                        const std::string& fault = {}) {
        return world.start({.node = node, .options = quickly(options), .fault = fault});
    }

    // With a short lease, and looking often.
    static std::vector<std::string> quickly(std::vector<std::string> options) {
        options.insert(options.begin(), {"--lease", "1000", "--poll", "200"});
        return options;
    }

    // Both views in a set, of which version N has account_totals@N.
    static std::vector<std::string> in_set(int version) {
        return {"--totals", std::to_string(version), "--set",
                "books",    std::to_string(version), "account_totals,mark_totals"};
    }

    static std::vector<std::string> with_auto(std::vector<std::string> options) {
        options.emplace_back("--auto-promote");
        return options;
    }

    [[nodiscard]] bool is_ready(const std::string& view, int version) {
        return world.comes_true("exists (select from view_build b where view = '" + view +
                                "' and version = " + std::to_string(version) +
                                " and state = 'ready' and is_kept(b))");
    }
    [[nodiscard]] bool is_live(const std::string& set, int version) {
        return world.comes_true("exists (select from set_version where view_set = '" + set +
                                "' and version = " + std::to_string(version) +
                                " and state = 'live')");
    }

    void promote(const std::string& set, int version, bool when_ready = true) {
        world.ask("select promote(array['" + set + "'], array[" + std::to_string(version) + "], " +
                  (when_ready ? "true)" : "false)"));
    }
    // What promote() says instead of doing it.
    std::string refusal(const std::string& call) {
        try {
            world.ask("select " + call);
            return "";
        } catch (const Error& error) {
            return std::string(sqlstate_of(error.code())) + " " + error.what();
        }
    }

    // Whether a version's table equals the pure fold of the log up to where it stands.
    void expect_totals(int version) {
        const std::string number = std::to_string(version);
        const std::string table = "account_totals__v" + number;
        const std::string where =
            "(select coalesce((select b.position from view_build b where view = 'account_totals'"
            " and version = " +
            number + "), max(first_position + count - 1)) from batch)";
        const std::string fold =
            "select payload ->> 'account', count(*), sum((payload ->> 'amount')::bigint) * " +
            number +
            " from read_log(0, 2147483647) where type = 'account/moved' and position <= " + where +
            " group by 1";
        const std::string actual = "select account, events, total from " + table;
        EXPECT_EQ(world.ask("select (select count(*) from (" + fold + " except all " + actual +
                            ") as missing) + (select count(*) from (" + actual + " except all " +
                            fold + ") as surplus)"),
                  "0")
            << table << " differs from the pure fold";
    }

    World world;
};

}  // namespace baton::testing
