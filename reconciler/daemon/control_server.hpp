// Where the control API is served, and to whom.
//
// On a Unix socket: to root, to the user that the daemon runs as, and to the members of one group,
// as the kernel knows them. On loopback TCP, when asked for: to who has the token. Nothing else is
// ever listened on.

#pragma once

#include "api/http/server.hpp"
#include "reconciler/daemon/control_api.hpp"
#include "state/model/random.hpp"
#include "state/model/secret.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace trueup {

struct ControlOptions {
    ControlOptions() = default;

    std::filesystem::path socket;    // "" : none
    std::string group;               // whose members may use the socket too; "": nobody
    std::optional<int> given_socket; // listens already, and is used in place of `socket`
    std::string listen;              // "127.0.0.1:9464"; "": no TCP
    std::optional<Secret> token;     // what a client on TCP must present; needed with `listen`
    std::size_t connections_max = 32;
    Duration request_max = std::chrono::seconds(15);
    Duration write_max = std::chrono::seconds(10);
};

// True for root, the user `own`, and the members of `group`.
bool admits(const Peer& peer, uid_t own, std::optional<gid_t> group);

class ControlServer {
public:
    ControlServer() = default;
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;
    // Stops serving and removes the socket, unless it was given.
    virtual ~ControlServer() = default;

    // Of the TCP listener; 0 when there is none.
    virtual unsigned short port() const = 0;
};

// Serves `api` on `context` from now on; both must outlive the server. `random` is used during the
// call only. Fails as make_unix_server and make_http_server do, and with invalid_input on an
// unknown group, an address that is not loopback, or a missing token.
Result<std::unique_ptr<ControlServer>> make_control_server(boost::asio::io_context& context,
                                                           Random& random,
                                                           ControlApi& api,
                                                           const ControlOptions& options);

} // namespace trueup
