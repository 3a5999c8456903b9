#include "reconciler/daemon/control_server.hpp"

#include "api/http/wire.hpp"
#include "state/model/random.hpp"

#include <boost/asio/ip/address.hpp>
#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace trueup {

namespace {

constexpr std::size_t header_bytes_max = 16U << 10U;
constexpr std::size_t body_bytes_max = 64U << 10U;

std::string header_of(const HttpRequest& request, std::string_view name)
{
    const auto found = std::ranges::find_if(
        request.headers, [&](const Header& header) { return same_name(header.name, name); });
    return found != request.headers.end() ? found->value : std::string();
}

ServerLimits limits_of(const ControlOptions& options)
{
    ServerLimits limits;
    limits.connections_max = options.connections_max;
    limits.header_bytes_max = header_bytes_max;
    limits.body_bytes_max = body_bytes_max;
    limits.request_max = options.request_max;
    limits.write_max = options.write_max;
    return limits;
}

ServerReply turned_away(Error error)
{
    ServerReply reply = error_reply(error);
    reply.response.headers.emplace_back("Connection", "close");
    return reply;
}

Result<std::optional<gid_t>> find_group(const std::string& name)
{
    if (name.empty())
        return std::optional<gid_t>();
    group entry{};
    group* found = nullptr;
    std::array<char, 1U << 16U> buffer{};
    if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr)
        return Error{Errc::invalid_input, "there is no group " + name};
    return std::optional<gid_t>(entry.gr_gid);
}

struct TcpPlace {
    TcpPlace() = default;

    std::string address;
    unsigned short port = 0;
};

// Reads "127.0.0.1:9464" and "[::1]:9464".
Result<TcpPlace> parse_listen(const std::string& text)
{
    const Error bad{Errc::invalid_input,
                    "cannot listen on \"" + text + "\"",
                    "",
                    "write a loopback address and a port: 127.0.0.1:9464 or [::1]:9464"};
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        return bad;
    TcpPlace place;
    place.address = text.substr(0, colon);
    if (place.address.starts_with('[') && place.address.ends_with(']'))
        place.address = place.address.substr(1, place.address.size() - 2);
    const char* end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data() + colon + 1, end, place.port);
    boost::system::error_code ec;
    const auto ip = boost::asio::ip::make_address(place.address, ec);
    if (failure != std::errc{} || rest != end || ec || !ip.is_loopback())
        return bad;
    return place;
}

// A page that a browser loads from elsewhere, under a name that leads here, shows itself by its
// Host (DNS rebinding).
bool is_loopback_host(std::string host)
{
    const std::size_t colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos &&
        (host.find(':') == colon || host.starts_with('[')))
        host.resize(colon);
    return same_name(host, "localhost") || host == "127.0.0.1" || host == "[::1]";
}

// Lets those through who present the token.
class TokenGate {
public:
    // The token itself is not kept: hashes under a key that nobody knows are compared, so that how
    // long it takes tells nothing.
    TokenGate(const Secret& token, Random& random)
        : hasher_(random.hex(32)), hash_(hasher_.hash(token.reveal()))
    {
    }

    std::optional<Error> refusal(const HttpRequest& request) const
    {
        if (!is_loopback_host(header_of(request, "Host")))
            return Error{Errc::forbidden, "the Host header names another host"};
        static constexpr std::string_view scheme = "Bearer ";
        const std::string given = header_of(request, "Authorization");
        const bool bearer = same_name(given.substr(0, scheme.size()), scheme);
        if (!bearer || hasher_.hash(std::string_view(given).substr(scheme.size())) != hash_)
            return Error{Errc::unauthorized,
                         "the token is missing or wrong",
                         "",
                         "send it as Authorization: Bearer TOKEN"};
        return std::nullopt;
    }

private:
    SecretHasher hasher_;
    std::string hash_;
};

class SocketControlServer final : public ControlServer {
public:
    SocketControlServer(std::unique_ptr<HttpServer> local, std::unique_ptr<HttpServer> tcp)
        : local_(std::move(local)), tcp_(std::move(tcp))
    {
    }

    unsigned short port() const override { return tcp_ ? tcp_->port() : 0; }

private:
    std::unique_ptr<HttpServer> local_;
    std::unique_ptr<HttpServer> tcp_;
};

Result<std::unique_ptr<HttpServer>>
listen_local(boost::asio::io_context& context, ControlApi& api, const ControlOptions& options)
{
    const auto group = find_group(options.group);
    if (!group)
        return group.error();
    UnixPlace place;
    place.path = options.socket;
    place.group = *group;
    place.inherited = options.given_socket;
    const uid_t own = ::geteuid();
    return make_unix_server(
        context,
        place,
        [&api, own, group = *group](const Peer& peer, const HttpRequest& request) {
            if (!admits(peer, own, group))
                return turned_away(
                    Error{Errc::forbidden,
                          "user " + std::to_string(peer.uid) + " may not speak to this daemon",
                          "",
                          "be root, its user, or a member of its socket's group"});
            return api.answer("uid:" + std::to_string(peer.uid), request);
        },
        limits_of(options));
}

Result<std::unique_ptr<HttpServer>> listen_tcp(boost::asio::io_context& context,
                                               Random& random,
                                               ControlApi& api,
                                               const ControlOptions& options)
{
    const auto place = parse_listen(options.listen);
    if (!place)
        return place.error();
    if (!options.token || options.token->reveal().empty())
        return Error{Errc::invalid_input,
                     "listening on TCP needs a token",
                     "",
                     "name a file that holds one with --listen-token-file"};
    return make_http_server(
        context,
        place->address,
        place->port,
        [&api, gate = TokenGate(*options.token, random)](const HttpRequest& request) {
            if (const auto refusal = gate.refusal(request))
                return turned_away(*refusal);
            return api.answer("token", request);
        },
        {},
        limits_of(options));
}

} // namespace

bool admits(const Peer& peer, uid_t own, std::optional<gid_t> group)
{
    if (peer.uid == 0 || peer.uid == own)
        return true;
    return group &&
           (peer.gid == *group || std::ranges::find(peer.groups, *group) != peer.groups.end());
}

Result<std::unique_ptr<ControlServer>> make_control_server(boost::asio::io_context& context,
                                                           Random& random,
                                                           ControlApi& api,
                                                           const ControlOptions& options)
{
    std::unique_ptr<HttpServer> local;
    if (!options.socket.empty() || options.given_socket) {
        auto made = listen_local(context, api, options);
        if (!made)
            return made.error();
        local = std::move(*made);
    }
    std::unique_ptr<HttpServer> tcp;
    if (!options.listen.empty()) {
        auto made = listen_tcp(context, random, api, options);
        if (!made)
            return made.error();
        tcp = std::move(*made);
    }
    return std::unique_ptr<ControlServer>(
        std::make_unique<SocketControlServer>(std::move(local), std::move(tcp)));
}

} // namespace trueup
