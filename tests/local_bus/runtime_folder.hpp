// A folder of a test's own for the sockets of its processes, so that it sees no others'.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace baton::testing {

/// XDG_RUNTIME_DIR for as long as it lives.
class RuntimeFolder {
public:
    RuntimeFolder() {
        std::string name = "/tmp/baton-run-XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
        ::setenv("XDG_RUNTIME_DIR", path_.c_str(), 1);
    }
    ~RuntimeFolder() {
        ::unsetenv("XDG_RUNTIME_DIR");
        std::filesystem::remove_all(path_);
    }
    RuntimeFolder(const RuntimeFolder&) = delete;
    RuntimeFolder& operator=(const RuntimeFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace baton::testing
