// Which machine this is, and the file that keeps its token from everybody else.
#include "baton/environments/machine.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <map>
#include <set>

#include "baton/base/error.hpp"
#include "baton/base/sha256.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;

class MachineTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "baton-machine-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        set("XDG_CONFIG_HOME", folder_ / "config");
    }
    void TearDown() override { fs::remove_all(folder_); }

    void set(const std::string& name, const fs::path& value) { values_[name] = value.string(); }
    [[nodiscard]] Variables variables() const {
        return [this](const std::string& name) -> std::optional<std::string> {
            const auto found = values_.find(name);
            return found == values_.end() ? std::nullopt : std::optional(found->second);
        };
    }
    fs::path write(const std::string& name, const std::string& text, mode_t mode = 0600) {
        fs::path path = folder_ / name;
        fs::remove(path);  // it may be one that only root could write to
        std::ofstream(path) << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }
    static mode_t mode_of(const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
        return status.st_mode & 07777U;
    }
    static std::string refusal(const std::function<void()>& action) {
        try {
            action();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::settings_invalid);
            return error.what();
        }
        return "no error";
    }

    fs::path folder_;
    std::map<std::string, std::string> values_;
};

TEST_F(MachineTest, IdIsTheDigestOfTheFileThatNamesTheMachine) {
    const fs::path path = write("id", "3d12\n", 0444);
    set("BATON_MACHINE_ID_FILE", path);
    EXPECT_EQ(machine_id(false, variables()), sha256_of("3d12\n"));
    write("id", "3d13\n");
    EXPECT_EQ(machine_id(true, variables()), sha256_of("3d13\n"));
}

TEST_F(MachineTest, FileThatNamesNoMachineIsRefused) {
    set("BATON_MACHINE_ID_FILE", folder_ / "id");
    for (const bool may_make_one : {false, true}) {
        const auto ask = [&] { (void)machine_id(may_make_one, variables()); };
        fs::remove(folder_ / "id");
        EXPECT_EQ(refusal(ask).find((folder_ / "id").string() + ": there is none"), 0U);
        for (const std::string text : {"", "\n", "uninitialized\n"}) {
            write("id", text);
            EXPECT_EQ(refusal(ask).find((folder_ / "id").string() + ": it does not say"), 0U);
        }
    }
}

TEST_F(MachineTest, TokenIsInTheUsersFolderUnlessAVariableSaysWhere) {
    EXPECT_EQ(token_path("shop", variables()), folder_ / "config/baton/shop.token");
    values_.erase("XDG_CONFIG_HOME");
    set("HOME", "/home/ann");
    EXPECT_EQ(token_path("shop", variables()), "/home/ann/.config/baton/shop.token");
    set("BATON_TOKEN_FILE", "/run/secrets/baton");
    EXPECT_EQ(token_path("shop", variables()), "/run/secrets/baton");
    values_ = {{"HOME", ""}};
    EXPECT_NE(refusal([&] { (void)token_path("shop", variables()); }).find("BATON_TOKEN_FILE"),
              std::string::npos);
}

TEST_F(MachineTest, TokenIsWrittenForItsOwnerAlone) {
    const fs::path path = token_path("shop", variables());
    EXPECT_EQ(read_token(path), std::nullopt);
    const mode_t former = ::umask(0);
    const std::string token = make_token("shop");
    write_token(path, token);
    ::umask(former);
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(mode_of(path.parent_path()), 0700U);
    EXPECT_EQ(read_token(path), token);
    write_token(path, make_token("shop"));
    EXPECT_NE(read_token(path), token);
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1)
        << "nothing is left beside it";
}

TEST_F(MachineTest, TokenThatOthersCanReadIsRefused) {
    for (const mode_t mode : {0640U, 0440U, 0604U, 0620U, 0602U, 0650U, 0644U}) {
        // Of root's own see below.
        if (::geteuid() == 0 && (mode == 0640U || mode == 0440U)) continue;
        const fs::path path = write("token", make_token("shop"), mode);
        EXPECT_NE(refusal([&] { (void)read_token(path); }).find("chmod 600 " + path.string()),
                  std::string::npos);
        EXPECT_NE(refusal([&] { (void)read_or_make_token(path, "shop"); }), "no error");
    }
}

// As a secret is mounted into a container: root's, for the group of the process to read.
TEST_F(MachineTest, TokenOfRootsThatAGroupMayReadIsTaken) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file of root's";
    const std::string token = make_token("shop");
    for (const mode_t mode : {0440U, 0640U, 0400U}) {
        EXPECT_EQ(read_token(write("token", token, mode)), token) << std::oct << mode;
    }
    const fs::path path = write("token", token, 0440);
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    EXPECT_NE(refusal([&] { (void)read_token(path); }).find("others than its owner"),
              std::string::npos)
        << "somebody else's";
}

TEST_F(MachineTest, FileWithoutATokenIsRefused) {
    for (const std::string& text :
         {std::string(), std::string("secret"), "baton_" + std::string(400, 'x'),
          std::string("baton_a_b\nbaton_a_b\n")}) {
        const fs::path path = write("token", text);
        EXPECT_NE(refusal([&] { (void)read_token(path); }).find("holds no token"),
                  std::string::npos)
            << text;
    }
}

TEST_F(MachineTest, TokenThatCannotBeWrittenIsToldWithItsPath) {
    const fs::path path = write("file", "") / "baton/shop.token";
    EXPECT_EQ(refusal([&] { write_token(path, make_token("shop")); }).find(folder_.string()), 0U);
}

TEST_F(MachineTest, TokensAreRandomAndNameTheirEnvironment) {
    std::set<std::string> tokens;
    for (int i = 0; i < 100; ++i) {
        const std::string token = make_token("shop");
        EXPECT_EQ(token.find("baton_shop_"), 0U);
        EXPECT_EQ(token.size(), 11U + 64U);
        tokens.insert(token);
    }
    EXPECT_EQ(tokens.size(), 100U);
}

TEST_F(MachineTest, ProcessesThatStartAtOnceMakeOneToken) {
    for (int round = 0; round < 20; ++round) {
        const fs::path path = folder_ / std::to_string(round) / "shop.token";
        std::vector<std::future<std::string>> makers;
        for (int i = 0; i < 4; ++i) {
            makers.push_back(
                std::async(std::launch::async, [&] { return read_or_make_token(path, "shop"); }));
        }
        std::set<std::string> tokens;
        for (auto& maker : makers) tokens.insert(maker.get());
        EXPECT_EQ(tokens.size(), 1U);
    }
}

}  // namespace
}  // namespace baton::environments
