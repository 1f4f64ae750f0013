#include "end_to_end/command.hpp"

#include <fstream>
#include <iterator>

namespace baton::testing {

Outcome run(const ChildProcessOptions& options, std::chrono::milliseconds deadline) {
    ChildProcess process(options);
    const auto status = process.wait(deadline);
    Outcome outcome;
    outcome.output = process.output();
    outcome.error = process.error_output();
    if (!status) {
        outcome.error += "\nstill running after " + std::to_string(deadline.count()) + " ms";
    } else {
        outcome.code = status->code.value_or(-1);
    }
    return outcome;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace baton::testing
