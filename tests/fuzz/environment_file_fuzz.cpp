// Any text as the file of an environment, a URL as its setting: refused with lines that say why, or
// read; and no password in what is shown of it.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/environments/connection_url.hpp"
#include "baton/environments/environment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                              ("baton_fuzz_" + std::to_string(getpid()) + ".toml");
    std::ofstream(file, std::ios::binary).write(text.data(), static_cast<std::streamsize>(size));
    try {
        const auto environment = baton::environments::load_environment(
            {.flags = {{"--env", file.string()}},
             .variable = [](const std::string& /*name*/) { return std::nullopt; }});
        for (const auto& line : baton::environments::described(environment)) {
            BATON_CHECK(!line.key.empty());
        }
    } catch (const baton::Error& error) {
        BATON_CHECK(error.code() == baton::ErrorCode::settings_invalid ||
                    error.code() == baton::ErrorCode::name_invalid);
    }
    // Whatever is before or behind it, this password is not shown.
    const std::string url = std::string(text) + ":hunter2@host/db";
    BATON_CHECK(baton::environments::redacted_url("postgresql://" + url).find("hunter2") ==
                std::string::npos);
    const std::string shown = baton::terminal_line(text);
    BATON_CHECK(shown.find('\033') == std::string::npos && shown.find('\n') == std::string::npos);
    BATON_CHECK(baton::terminal_line(shown) == shown);
    return 0;
}
