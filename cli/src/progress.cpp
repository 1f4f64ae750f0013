#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace baton::cli {

ProgressBar::ProgressBar() : is_shown_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
    if (is_shown_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(std::optional<double> done, const std::string& text) const {
    if (!is_shown_) return;
    if (!done) {
        std::fprintf(stderr, "\r\033[K%s", text.c_str());
        return;
    }
    constexpr double width = 40;
    const double part = std::clamp(*done, 0.0, 1.0);
    const std::string bar(static_cast<std::size_t>(width * part), '#');
    std::fprintf(stderr, "\r\033[K[%-40s] %3d%% %s", bar.c_str(), static_cast<int>(100 * part),
                 text.c_str());
}

}  // namespace baton::cli
