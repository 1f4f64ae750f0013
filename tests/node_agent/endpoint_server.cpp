#include "node_agent/endpoint_server.hpp"

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "support/eventually.hpp"

namespace baton::testing {

EndpointServer::EndpointServer() {
    std::string folder = "/tmp/baton_endpoint_XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = folder;
    const std::string key_file = folder + "/key.pem";
    ChildProcess openssl(
        {.arguments = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-nodes", "-keyout", key_file, "-out",
                       certificate(), "-days", "2", "-subj", "/CN=localhost", "-addext",
                       "subjectAltName=DNS:localhost"}});
    static_cast<void>(openssl.wait(std::chrono::seconds(60)));
    server_ = std::make_unique<ChildProcess>(ChildProcessOptions{
        .arguments = {"python3", BATON_SOURCE_DIR "/tests/node_agent/endpoint_server.py",
                      certificate(), key_file},
        .environment = {{"ENDPOINT_KEY", key}}});
    if (!eventually(std::chrono::seconds(60),
                    [&] { return server_->output().find('\n') != std::string::npos; })) {
        throw std::runtime_error("no endpoint: " + server_->error_output());
    }
    std::istringstream(server_->output()) >> port_ >> tls_port_;
}

EndpointServer::~EndpointServer() { std::filesystem::remove_all(folder_); }

std::vector<std::string> EndpointServer::requests(const std::string& path) const {
    std::vector<std::string> found;
    std::istringstream lines(server_->output());
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("{\"path\": \"" + path + "\"")) found.push_back(line);
    }
    return found;
}

}  // namespace baton::testing
