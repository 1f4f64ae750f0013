// An environment file in a folder of its own, and what is said when it is loaded.
//
// Threads: one thread.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/environments/environment.hpp"

namespace baton::environments {

using Texts = std::map<std::string, std::string, std::less<>>;

inline constexpr const char* whole = R"(name = "shop"
kind = "production"

[connection]
url = "postgresql://h/from_file"

[orchestrator]
lease_ms = 6000
[log]
format = "json"

[policy.views]
page_hits = "skip"

[reducers]
sql = ["a.sql", "../b.sql"]
)";

class EnvironmentTest : public ::testing::Test {
protected:
    EnvironmentTest() {
        std::string folder = "/tmp/baton-test-XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no folder");
        folder_ = folder;
    }
    ~EnvironmentTest() override {
        std::error_code error;
        std::filesystem::remove_all(folder_, error);
    }

    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
        return folder_ / name;
    }

    [[nodiscard]] Environment load(const Texts& flags, const Texts& variables = {}) const {
        return load_environment(
            {.flags = flags,
             .variable = [&variables](const std::string& name) -> std::optional<std::string> {
                 const auto found = variables.find(name);
                 if (found == variables.end()) return std::nullopt;
                 return found->second;
             },
             .folder = folder_});
    }

    // The lines of the refusal, with the folder's path as @.
    [[nodiscard]] std::string refusal(const Texts& flags, const Texts& variables = {}) const {
        try {
            static_cast<void>(load(flags, variables));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::settings_invalid);
            std::string text = error.what();
            for (std::size_t at = 0; (at = text.find(folder_.string(), at)) != std::string::npos;) {
                text.replace(at, folder_.string().size(), "@");
            }
            return text;
        }
        return "accepted";
    }

    // The refusal of a file with a good head and then `rest`, which begins on line 4.
    [[nodiscard]] std::string refusal_of_rest(const std::string& rest) const {
        write("x.toml",
              "name = \"x\"\nkind = \"staging\"\nconnection = {url = \"host=h\"}\n" + rest);
        return refusal({{"--env", "x"}});
    }

    std::filesystem::path folder_;
};

}  // namespace baton::environments
