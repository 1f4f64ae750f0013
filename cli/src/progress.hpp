// A bar on a terminal's last line, for what takes long.
//
// Threads: the main thread only.
#pragma once

#include <optional>
#include <string>

namespace baton::cli {

/// On stderr, if that is a terminal; else nothing is shown.
class ProgressBar {
public:
    ProgressBar();
    /// Leaves an empty line.
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    [[nodiscard]] bool is_shown() const { return is_shown_; }
    /// `done` is 0 to 1, or nothing where that is not known.
    void show(std::optional<double> done, const std::string& text) const;

private:
    bool is_shown_;
};

}  // namespace baton::cli
