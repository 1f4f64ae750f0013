#include "arguments.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include "baton/base/error.hpp"

namespace superstore {

bool parse(CLI::App& options, std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        options.parse(std::move(arguments));
        return true;
    } catch (const CLI::CallForHelp&) {
        std::cout << options.help();
        return false;
    } catch (const CLI::ParseError& error) {
        throw baton::Error(baton::ErrorCode::usage, error.what());
    }
}

}  // namespace superstore
