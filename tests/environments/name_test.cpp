// Names of environments reach SQL as schema names, so each is refused or has a schema of its own.
#include "baton/environments/name.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "baton/base/error.hpp"

namespace baton::environments {
namespace {

TEST(NameTest, EachAllowedNameHasASchemaOfItsOwn) {
    const std::vector<std::pair<std::string, std::string>> table{
        {"production", "baton_production"},
        {"dev-alice", "baton_dev_alice"},
        {"a", "baton_a"},
        {"a1", "baton_a1"},
        {"a-1", "baton_a_1"},
        {"a-b-c", "baton_a_b_c"},
        {"ab-c", "baton_ab_c"},
        {"public", "baton_public"},
        {"select", "baton_select"},
        {"con", "baton_con"},
        {std::string(40, 'x'), "baton_" + std::string(40, 'x')},
    };
    std::set<std::string> schemas;
    for (const auto& [name, schema] : table) {
        EXPECT_EQ(schema_of(name), schema);
        EXPECT_TRUE(schemas.insert(schema).second) << schema;
    }
}

TEST(NameTest, EverythingElseIsRefusedByName) {
    const std::vector<std::string> table{
        "",
        " ",
        "A",
        "Production",
        "pRoduction",
        "1a",
        "-a",
        "a-",
        "a--b",
        "a_b",
        "pg_temp",
        "pg_catalog",
        "a.b",
        "a b",
        "a\n",
        "\na",
        "x\"; drop schema public cascade;--",
        "'",
        "\"",
        "$$",
        "--",
        "%s",
        "%I",
        "a;b",
        "a/b",
        "../a",
        "a.toml",
        "\xC3\xA4",
        "a\xCC\x88",
        "\xD0\xB0",
        "\xF0\x9F\x98\x80",
        "\xE2\x80\xAE"
        "a",
        "\xEF\xBC\xA1",
        "\xFF",
        std::string("a\0b", 3),
        std::string(41, 'x'),
        std::string(63, 'x'),
        std::string(64, 'x'),
        std::string(200, 'x'),
    };
    for (const std::string& name : table) {
        EXPECT_FALSE(is_name(name)) << name;
        EXPECT_THROW(static_cast<void>(schema_of(name)), Error) << name;
    }
    try {
        static_cast<void>(schema_of("a\"b\n"));
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::name_invalid);
        EXPECT_STREQ(error.what(),
                     "the environment name \"a\\\"b\\n\" is not allowed; use 1 to 40 lower-case "
                     "letters, digits "
                     "and single hyphens between them, a letter first");
    }
}

// All names of up to four characters from a small alphabet: no two allowed ones share a schema.
TEST(NameTest, NoTwoNamesShareASchema) {
    std::set<std::string> schemas;
    std::size_t allowed = 0;
    std::vector<std::string> names{""};
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (is_name(names[i])) {
            ++allowed;
            schemas.insert(schema_of(names[i]));
        }
        if (names[i].size() == 4) continue;
        for (const char c : {'a', 'b', '0', '-', '_', 'A', '.'}) names.push_back(names[i] + c);
    }
    EXPECT_GT(allowed, 50U);
    EXPECT_EQ(schemas.size(), allowed);
}

}  // namespace
}  // namespace baton::environments
