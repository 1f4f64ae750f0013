// The folder of a process's sockets: whose it is, what is refused, and what a dead one left.
#include "baton/local_bus/ipc_folder.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include "baton/base/error.hpp"

namespace baton::testing {
namespace {

namespace fs = std::filesystem;
using bus::IpcFolder;

class IpcFolderTest : public ::testing::Test {
protected:
    IpcFolderTest() {
        std::string name = "/tmp/baton-ipc-XXXXXX";
        parent_ = ::mkdtemp(name.data());
    }
    ~IpcFolderTest() override { fs::remove_all(parent_); }

    [[nodiscard]] fs::path path() const { return parent_ / "bus"; }

    /// What the folder is refused for; "" if it is not.
    [[nodiscard]] static std::string refusal(const fs::path& path) {
        try {
            const IpcFolder folder(path);
            return "";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::bus_unavailable);
            return error.what();
        }
    }
    static void make_socket(const fs::path& path) {
        const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
        ASSERT_EQ(
            ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
    }

    fs::path parent_;
};

TEST_F(IpcFolderTest, IsForItsOwnerAloneAndGoneAfterwards) {
    {
        const IpcFolder folder(path());
        struct stat found {};
        ASSERT_EQ(::stat(path().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777U, 0700U);
        EXPECT_EQ(folder.endpoint("bus"), "ipc://" + path().string() + "/bus");
        make_socket(path() / "bus");
    }
    EXPECT_FALSE(fs::exists(path()));
}

TEST_F(IpcFolderTest, ASecondOneIsRefusedInOneLineThatNamesTheFirst) {
    std::optional<IpcFolder> first(std::in_place, path());
    make_socket(path() / "bus");
    EXPECT_EQ(refusal(path()), "the folder \"" + path().string() +
                                   "\" cannot hold a bus's sockets: process " +
                                   std::to_string(::getpid()) + " has it");
    EXPECT_TRUE(fs::exists(path() / "bus"));  // it took nothing from the first
    bus::remove_dead_ipc_folders(parent_);
    EXPECT_TRUE(fs::exists(path() / "bus"));
    first.reset();
    EXPECT_EQ(refusal(path()), "");
}

// As kill -9 leaves it.
TEST_F(IpcFolderTest, WhatADeadProcessLeftIsRemoved) {
    const auto leave = [&](const fs::path& path) {
        const pid_t child = ::fork();
        if (child == 0) {
            const IpcFolder folder(path);
            make_socket(path / "bus");
            ::kill(::getpid(), SIGKILL);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFSIGNALED(status));
        ASSERT_TRUE(fs::exists(path / "bus"));
    };
    leave(path());
    {
        const IpcFolder folder(path());
        EXPECT_FALSE(fs::exists(path() / "bus"));
    }
    leave(path());
    leave(parent_ / "other");
    const IpcFolder living(parent_ / "living");
    bus::remove_dead_ipc_folders(parent_);
    EXPECT_FALSE(fs::exists(path()));
    EXPECT_FALSE(fs::exists(parent_ / "other"));
    EXPECT_TRUE(fs::exists(living.path() / "lock"));
}

TEST_F(IpcFolderTest, WhatIsNotSafeIsRefusedWithALineThatSaysWhy) {
    const std::string long_path = "/tmp/" + std::string(86, 'a');
    EXPECT_NE(refusal(long_path).find("has 91 bytes, and the addresses of sockets in it have "
                                      "room for 90"),
              std::string::npos);
    EXPECT_FALSE(fs::exists(long_path));
    EXPECT_NE(refusal("relative").find("does not begin with /"), std::string::npos);
    EXPECT_NE(refusal(parent_ / "none" / "bus").find("cannot be made: No such file"),
              std::string::npos);

    fs::create_directory(path());
    fs::permissions(path(), fs::perms(0750));
    EXPECT_NE(refusal(path()).find("others may enter it; say: chmod 700 "), std::string::npos);
    fs::permissions(path(), fs::perms(0700));
    fs::create_directory_symlink(path(), parent_ / "link");
    EXPECT_NE(refusal(parent_ / "link").find("it is no folder"), std::string::npos);
    std::ofstream(parent_ / "file") << "x";
    EXPECT_NE(refusal(parent_ / "file").find("it is no folder"), std::string::npos);
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(path().c_str(), 65534, 65534), 0);
        EXPECT_NE(refusal(path()).find("it is of user 65534, and this process of 0"),
                  std::string::npos);
    }
}

TEST_F(IpcFolderTest, NamesOfSocketsAreShortAndPlain) {
    const IpcFolder folder(path());
    for (const char* const name : {"", "lock", "..", "a/b", "a b", "12345678901234567", "\xff"}) {
        EXPECT_THROW(static_cast<void>(folder.endpoint(name)), Error) << name;
    }
    EXPECT_NO_THROW(static_cast<void>(folder.endpoint("1234567890123456")));
}

// Who removes it, who makes it and who clears up after the dead at once: one has it at a time.
TEST_F(IpcFolderTest, OneHasItAtATimeWhoeverComesAndGoes) {
    std::atomic<int> holders = 0;
    std::atomic<int> turns = 0;
    const auto contend = [&] {
        for (int i = 0; i < 300; ++i) {
            try {
                const IpcFolder folder(path());
                EXPECT_EQ(++holders, 1);
                ++turns;
                EXPECT_TRUE(fs::exists(path() / "lock"));
                --holders;
            } catch (const Error& error) {
                EXPECT_NE(std::string(error.what()).find("has it"), std::string::npos)
                    << error.what();
            }
            bus::remove_dead_ipc_folders(parent_);
        }
    };
    std::thread one(contend);
    std::thread two(contend);
    contend();
    one.join();
    two.join();
    EXPECT_GT(turns, 0);
    EXPECT_FALSE(fs::exists(path()));
}

TEST_F(IpcFolderTest, TheRootIsOfThisUserAlone) {
    const fs::path root = bus::ipc_root();
    struct stat found {};
    ASSERT_EQ(::stat(root.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0700U);
    EXPECT_EQ(found.st_uid, ::geteuid());
    EXPECT_LE(root.native().size() + 25, IpcFolder::path_max);
}

}  // namespace
}  // namespace baton::testing
