// The real `baton` binary under test, run to its end or left running.
//
// Threads: as ChildProcess.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/cluster.hpp"

namespace baton::testing {

/// What a run came to.
struct Ran {
    int code = -1;  ///< -1: it did not end, or by a signal.
    std::string out;
    std::string err;
};

/// The binary in an empty folder, with no variable of ours but those given.
class Tool {
public:
    /// Without a database.
    Tool();
    /// In the environment `test` of `database`, unless a flag says otherwise.
    explicit Tool(const TestDatabase& database);
    ~Tool();
    Tool(const Tool&) = delete;
    Tool& operator=(const Tool&) = delete;

    [[nodiscard]] Ran run(const std::vector<std::string>& arguments,
                          const std::string& input = {}) const;
    /// Options to start it with and let it run.
    [[nodiscard]] ChildProcessOptions options(const std::vector<std::string>& arguments,
                                              const std::string& input = {}) const;
    /// Writes a file into its folder, and returns the file's path.
    std::string write(const std::string& name, const std::string& text) const;
    void set(const std::string& variable, const std::string& value) {
        variables_[variable] = value;
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    std::filesystem::path folder_;
    std::map<std::string, std::string> variables_;
};

/// It was refused in one line, and printed nothing else.
void expect_refused(const Ran& ran, const std::string& line, int code = 1);
/// The text has each of the parts.
void expect_has(const std::string& text, const std::vector<std::string>& parts);

/// A SQL reducer: the number of lines for each category, and their amounts' sum. An amount that is
/// no number poisons it.
[[nodiscard]] std::string category_sales();

/// An order with one line.
[[nodiscard]] std::string order(const std::string& category, const std::string& amount = "1.50");

}  // namespace baton::testing
