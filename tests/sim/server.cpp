#include "tests/sim/server.hpp"

#include "state/model/address.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/sim/fixtures.hpp"

#include <algorithm>

namespace trueup::sim {

namespace {

bool is_servers(FaultKind kind)
{
    return kind < FaultKind::refuse && kind != FaultKind::overlook;
}

bool is_oversight(FaultKind kind)
{
    return kind == FaultKind::overlook;
}

bool is_networks(FaultKind kind)
{
    return kind == FaultKind::late || kind == FaultKind::late_cut || kind == FaultKind::lost ||
           kind == FaultKind::cut_request || kind == FaultKind::drip;
}

// Both ways in small pieces.
void drip(Fate& fate, const Fault& fault)
{
    fate.piece_delay = std::chrono::milliseconds(fault.number);
    fate.write_max = 1 + fault.seed % 100;
}

bool is_refusal(FaultKind kind)
{
    return kind == FaultKind::refuse || kind == FaultKind::hang;
}

// Those that make something happen beside the request.
bool is_beside(FaultKind kind)
{
    return kind >= FaultKind::crash_time;
}

bool is_crash_at_effect(FaultKind kind)
{
    return kind == FaultKind::crash_effect;
}

HttpResponse failure(int status, const std::string& code)
{
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json");
    response.body =
        R"({"code":")" + code + R"(","details":{},"message":"a fault on purpose","ref":""})";
    return response;
}

HttpResponse throttled(std::uint64_t form)
{
    HttpResponse response = failure(429, "TooManyRequests");
    constexpr std::array<const char*, 5> forms{
        "", "7", "Sun, 01 Mar 2026 00:00:30 GMT", "-3", "999999999999"};
    const std::string text = forms.at((form - 1) % forms.size());
    if (!text.empty())
        response.headers.emplace_back("Retry-After", text);
    return response;
}

std::unique_ptr<Sandbox> new_sandbox(const ServerRules& rules)
{
    SandboxOptions options;
    options.api_key = rules.api_key;
    options.password = rules.password;
    options.rate = rules.rate;
    options.seed = rules.seed;
    options.token_lifetime = rules.token_lifetime;
    options.async_duration = rules.async_duration;
    options.rules = fixtures().rules;
    return make_sandbox(std::move(options));
}

// A form that the replica takes, which knows of no sessions.
HttpRequest with_key(HttpRequest request, const std::string& key)
{
    std::erase_if(request.headers, [](const Header& header) {
        return header.name == "Authorization" || header.name == "ApiKey";
    });
    request.headers.emplace_back("ApiKey", key);
    request.credential.reset();
    return request;
}

// A change of something that is declared, or of the description.
std::string meddled(const std::string& kind, const std::string& text)
{
    if (kind == "Role")
        return R"({"spec":{"permissions":[")" + text + R"("]}})";
    if (kind == "TagFilter")
        return R"({"spec":{"filterGroup":{"filters":[{"key":"k","negation":false,)"
               R"("operator":"eq","values":[")" +
               text + R"("]}]}}})";
    if (kind == "SshKey")
        return R"({"spec":{"publicKey":"ssh-ed25519 )" + text + R"("}})";
    if (kind == "User")
        return R"({"spec":{"firstName":")" + text + R"("}})";
    if (kind == "RegistryHelm")
        return R"({"spec":{"endpoint":"https://charts.example.com/)" + text + R"("}})";
    if (kind == "CloudAccountAws")
        return R"({"spec":{"accessKey":")" + text + R"("}})";
    return R"({"metadata":{"annotations":{"description":")" + text + R"("}}})";
}

bool looks_like_write(std::string_view head)
{
    const std::string_view method = head.substr(0, head.find(' '));
    const std::string_view target = head.substr(std::min(head.size(), method.size() + 1));
    if (method == "GET")
        return false;
    return !target.starts_with("/v1/dashboard") && !target.starts_with("/v1/auth");
}

} // namespace

Server::Server(Universe& universe, Timeline& timeline, Judge& judge, ServerRules rules)
    : universe_(universe),
      timeline_(timeline),
      judge_(judge),
      rules_(std::move(rules)),
      sandbox_(new_sandbox(rules_))
{
    if (rules_.stale_reads)
        replica_ = new_sandbox(rules_);
}

void Server::arm_from_now(std::vector<Fault> faults)
{
    for (Fault& fault : faults) {
        const bool sent = is_networks(fault.kind);
        if (fault.trigger == Trigger::request)
            fault.at += sent ? sent_ : requests_;
        else if (fault.trigger == Trigger::write)
            fault.at += sent ? sent_writes_ : writes_;
        else if (fault.trigger == Trigger::dial)
            fault.at += dials_;
        faults_.push_back(std::move(fault));
    }
}

const Fault* Server::striking(Trigger trigger, std::uint64_t count, bool (*wanted)(FaultKind))
{
    for (const Fault& fault : faults_) {
        const std::uint64_t last = fault.kind == FaultKind::stale ? 0 : fault.last;
        if (fault.trigger != trigger || !wanted(fault.kind) || count < fault.at ||
            count > fault.at + last)
            continue;
        ++struck_[static_cast<std::size_t>(fault.kind)];
        timeline_.add("fault", fault.text());
        return &fault;
    }
    return nullptr;
}

Fate Server::send(std::string_view head)
{
    judge_.sending(head);
    ++sent_;
    const bool write = looks_like_write(head);
    sent_writes_ += write ? 1U : 0U;
    const Fault* fault = striking(Trigger::request, sent_, is_networks);
    if (fault == nullptr && write)
        fault = striking(Trigger::write, sent_writes_, is_networks);
    Fate fate;
    fate.sender = judge_.sender();
    if (fault == nullptr)
        return fate;
    fate.reset = fault->kind == FaultKind::late_cut;
    if (fault->kind == FaultKind::late || fate.reset)
        fate.delay = std::chrono::milliseconds(fault->number);
    else if (fault->kind == FaultKind::lost)
        fate.lost = true;
    else if (fault->kind == FaultKind::drip)
        drip(fate, *fault);
    else
        fate.cut_after_bytes = fault->number;
    return fate;
}

Network::Dialled Server::dialled()
{
    const Fault* fault = striking(Trigger::dial, ++dials_, is_refusal);
    if (fault == nullptr)
        return Network::Dialled::accepted;
    return fault->kind == FaultKind::hang ? Network::Dialled::hung : Network::Dialled::refused;
}

bool Server::breaks_for_ever(const HttpRequest& request, bool write) const
{
    if (rules_.broken_kind.empty() || !write)
        return false;
    const KindFacts& facts = facts_of(rules_.broken_kind);
    const std::string_view target = request.target;
    const bool of_kind = target == facts.create || target.starts_with(facts.object);
    // The paths of some kinds lie below those of others.
    const bool of_another = std::ranges::any_of(kind_facts(), [&](const KindFacts& other) {
        return std::string_view(other.object).size() > std::string_view(facts.object).size() &&
               (target == other.create || target.starts_with(other.object));
    });
    return of_kind && !of_another;
}

bool Server::is_unreadable(const HttpRequest& request) const
{
    return universe_.now() < unreadable_until_ && request.method == "GET" &&
           request.target.ends_with("/" + unreadable_uid_);
}

// One of ours moved to a page that was read already, as far as the reader can tell.
void Server::overlook_one(const HttpRequest& request, HttpResponse& response)
{
    const bool looks_up = request.target.find("filters=") != std::string::npos;
    const bool hidden = looks_up && hidden_too_ && universe_.now() < unreadable_until_;
    if (hidden && response.body.find(unreadable_uid_) != std::string::npos) {
        response.body = R"({"items":[],"listmeta":{"continue":"","count":0,"limit":8,"offset":0}})";
        return;
    }
    if (request.target.find("continue=") == std::string::npos || response.status != 200)
        return;
    const auto armed = std::ranges::find_if(faults_, [&](const Fault& fault) {
        return is_oversight(fault.kind) && fault.at <= requests_;
    });
    auto page = json::parse(response.body);
    Value* items = armed != faults_.end() && page ? find(*page, Path({"items"})) : nullptr;
    if (items == nullptr || items->if_list() == nullptr)
        return;
    List& list = *items->if_list();
    const auto uid_of = [](const Value& item) {
        const Value* uid = find(item, Path({"metadata", "uid"}));
        return uid != nullptr ? uid->string_or_empty() : std::string();
    };
    std::vector<List::iterator> ours;
    for (auto item = list.begin(); item != list.end(); ++item)
        if (const auto thing = judge_.things().find(uid_of(*item));
            thing != judge_.things().end() && thing->second.by_client)
            ours.push_back(item);
    if (ours.empty())
        return;
    const auto chosen = ours[armed->seed % ours.size()];
    unreadable_uid_ = uid_of(*chosen);
    unreadable_until_ = universe_.now() + std::chrono::milliseconds(armed->number);
    hidden_too_ = armed->last != 0;
    list.erase(chosen);
    response.body = json::write(*page);
    count(*armed);
    timeline_.add("fault", armed->text() + ": " + unreadable_uid_);
    faults_.erase(armed);
}

void Server::change_both(std::function<void(Sandbox&)> change)
{
    change(*sandbox_);
    if (replica_)
        untold_.push_back(std::move(change));
}

HttpResponse Server::handle(const HttpRequest& request, bool write)
{
    HttpResponse response = sandbox_->handle(request, universe_.wall());
    // The replica knows of no sessions and no rates, and refuses for the same reasons otherwise.
    const bool was_let_in = response.status != 401 && response.status != 429;
    if (replica_ && write && was_let_in) {
        auto again = [copy = with_key(request, rules_.api_key),
                      at = universe_.wall()](Sandbox& sandbox) { sandbox.handle(copy, at); };
        untold_.emplace_back(std::move(again));
    }
    judge_.seen(request, response);
    return response;
}

HttpResponse Server::handle_stale(const HttpRequest& request)
{
    return replica_->handle(with_key(request, rules_.api_key), universe_.wall());
}

ServerReply Server::serve(const HttpRequest& request)
{
    ++requests_;
    const bool write = sandbox_->is_write(request);
    writes_ += write ? 1U : 0U;
    if (!write)
        judge_.looked(request);
    const std::string what = request.method + " " + request.target;
    while (const Fault* fault = striking(Trigger::request, requests_, is_beside)) {
        const Fault struck = *fault;
        std::erase_if(faults_, [&](const Fault& each) { return each.seed == struck.seed; });
        if (on_fault)
            on_fault(struck);
    }
    const Fault* fault = striking(Trigger::request, requests_, is_servers);
    if (fault == nullptr && write)
        fault = striking(Trigger::write, writes_, is_servers);
    ServerReply reply;
    if (is_unreadable(request)) {
        reply.response = failure(rules_.seed % 2 == 0 ? 500 : 403, "CannotBeRead");
    } else if (breaks_for_ever(request, write)) {
        reply.response = failure(rules_.seed % 2 == 0 ? 500 : 422, "BrokenForEver");
    } else if (fault != nullptr) {
        reply = with_fault(*fault, request, write);
    } else if (stale_until_ && universe_.now() < *stale_until_ && !write &&
               !std::string_view(request.target).starts_with("/v1/auth")) {
        reply.response = handle_stale(request);
        timeline_.add("server", "as it was before:");
    } else {
        reply.response = handle(request, write);
        overlook_one(request, reply.response);
    }
    timeline_.add("server",
                  what + " -> " +
                      (reply.cut ? std::string("cut") : std::to_string(reply.response.status)));
    if (write)
        if (const Fault* crash = striking(Trigger::write, writes_, is_crash_at_effect);
            crash && on_fault)
            on_fault(*crash);
    return reply;
}

// The answer names the page that was asked for as the one to come: the same one for ever. On the
// first page, which nobody asked for by a token, it names one that is none.
void Server::repeat_token(const HttpRequest& request, std::string& body)
{
    constexpr std::string_view member = R"("continue":")";
    constexpr std::string_view parameter = "continue=";
    const std::size_t at = body.find(member);
    const std::size_t end = body.find('"', at + member.size());
    if (at == std::string::npos || end == std::string::npos)
        return;
    const std::size_t asked = request.target.find(parameter);
    if (asked == std::string::npos) {
        body.insert(at + member.size(), "x");
        return;
    }
    const std::size_t from = asked + parameter.size();
    const auto token = percent_decode(
        std::string_view(request.target).substr(from, request.target.find('&', from) - from));
    if (token)
        body.replace(at + member.size(), end - at - member.size(), *token);
}

ServerReply Server::with_fault(const Fault& fault, const HttpRequest& request, bool write)
{
    ServerReply reply;
    switch (fault.kind) {
    case FaultKind::cut_before:
        reply.cut = true;
        return reply;
    case FaultKind::fail_before:
        reply.response = failure(fault.seed % 2 == 0 ? 500 : 503, "FaultOnPurpose");
        return reply;
    case FaultKind::throttle:
        reply.response = throttled(fault.number);
        return reply;
    case FaultKind::expire_pages:
        if (request.target.find("continue=") == std::string::npos)
            break;
        reply.response = failure(410, "InvalidContinueToken");
        return reply;
    case FaultKind::unauthorized:
        reply.response = failure(401, "Unauthorized");
        return reply;
    case FaultKind::stale:
        if (replica_) {
            for (const auto& tell : untold_)
                tell(*replica_);
            untold_.clear();
            stale_until_ = universe_.now() + std::chrono::milliseconds(fault.last);
        }
        break;
    case FaultKind::shift_pages:
        for (const KindFacts& facts : kind_facts()) {
            auto shuffle = [name = std::string(facts.collection), seed = fault.seed](Sandbox& s) {
                s.shuffle(name, seed);
            };
            change_both(shuffle);
        }
        break;
    default:
        break;
    }
    reply.response = handle(request, write);
    switch (fault.kind) {
    case FaultKind::keep_other:
        keep_other(request, reply.response, fault.seed);
        break;
    case FaultKind::cut_after:
        reply.cut = true;
        break;
    case FaultKind::truncate:
        reply.cut_after_bytes = 1 + fault.seed % (reply.response.body.size() + 120);
        break;
    case FaultKind::fail_after:
        reply.response = failure(fault.seed % 2 == 0 ? 500 : 504, "FaultOnPurpose");
        break;
    case FaultKind::slow:
        reply.delay = std::chrono::milliseconds(fault.number);
        break;
    case FaultKind::repeat_page:
        repeat_token(request, reply.response.body);
        break;
    case FaultKind::garbage: {
        constexpr std::array<const char*, 5> bodies{
            "<html>", "[]", "null", R"({"items":{}})", R"({"items":[{"metadata":7}]})"};
        if (fault.number == 6)
            reply.response.body = "\"" + std::string(300U << 10U, 'x') + "\"";
        else if (fault.number == 7)
            reply.verbatim = "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n";
        else
            reply.response.body = bodies.at((fault.number - 1) % bodies.size());
        break;
    }
    default:
        break;
    }
    return reply;
}

// The object is not what the update that was just answered says.
void Server::keep_other(const HttpRequest& request,
                        const HttpResponse& response,
                        std::uint64_t seed)
{
    Thing* thing =
        request.method == "PUT" && response.status < 300 ? judge_.written(request) : nullptr;
    if (thing == nullptr || thing->kind == "ClusterProfile") // nobody declares its description
        return;
    const std::string merge = meddled(thing->kind, "kept-" + std::to_string(seed % 1'000'000));
    change_both([merge,
                 collection = std::string(facts_of(thing->kind).collection),
                 uid = thing->uid](Sandbox& s) { s.patch_object(collection, uid, merge); });
    thing->kept_otherwise = true;
    timeline_.add("server", "keeps something else of " + thing->kind + " " + thing->name);
}

std::map<std::string, std::string> Server::objects() const
{
    std::map<std::string, std::string> objects;
    const auto world = json::parse(sandbox_->dump());
    const Value* rows = world ? find(*world, Path({"objects"})) : nullptr;
    if (rows == nullptr || rows->if_list() == nullptr)
        return objects;
    for (const Value& row : *rows->if_list())
        objects[find(row, Path({"uid"}))->string_or_empty()] =
            json::write(*find(row, Path({"data"})));
    return objects;
}

// ---- others
// --------------------------------------------------------------------------------------------

std::string Server::create_elsewhere(const Declared& declared, const std::string& body, bool clone)
{
    const KindFacts& facts = facts_of(declared.kind);
    const std::string project =
        declared.project.empty() ? std::string() : judge_.project_uid(declared.project);
    if ((!declared.project.empty() && project.empty()) || facts.create[0] == '\0')
        return {};
    std::string uid;
    auto put = [&uid, collection = std::string(facts.collection), project, body](Sandbox& s) {
        uid = s.put_object(collection, project, body);
    };
    put(*sandbox_);
    if (uid.empty())
        return {};
    if (replica_) {
        auto again = [collection = std::string(facts.collection), project, body](Sandbox& s) {
            s.put_object(collection, project, body);
        };
        untold_.emplace_back(again);
    }
    judge_.others_created(declared.kind, uid, project, declared, clone);
    return uid;
}

// Whether the object says now whose it is.
bool Server::carries_mark(const Thing& thing)
{
    HttpRequest request;
    request.method = "GET";
    request.target = facts_of(thing.kind).object + thing.uid;
    if (!thing.project_uid.empty())
        request.headers.emplace_back("ProjectUid", thing.project_uid);
    const HttpResponse shown =
        sandbox_->handle(with_key(std::move(request), rules_.api_key), universe_.wall());
    return shown.body.find("trueup.io/owner") != std::string::npos;
}

void Server::preexist(const Declared& declared)
{
    create_elsewhere(declared, declared.body(), false);
}

void Server::meddle(const Fault& fault,
                    const ManifestText& manifests,
                    const std::set<std::string>& targets)
{
    const auto random = make_seeded_random(fault.seed);
    if (fault.kind == FaultKind::other_create) {
        if (manifests.resources.empty())
            return;
        Declared other = manifests.resources[random->below(manifests.resources.size())];
        if (random->below(2) == 0)
            other.version = 77;
        const std::string name = other.kind == "User" ? other.name + "@example.com" : other.name;
        if (facts_of(other.kind).unique &&
            judge_.alive(other.kind, judge_.project_uid(other.project), name) != nullptr)
            return; // the API would refuse it
        const std::string uid = create_elsewhere(other, other.body(), false);
        timeline_.add("others", "create " + other.address() + " " + uid);
        return;
    }
    const bool of_ours =
        fault.kind == FaultKind::other_clone || fault.kind == FaultKind::other_take;
    std::vector<Thing*> victims;
    for (auto& [uid, thing] : judge_.things())
        if (thing.alive &&
            (!of_ours || thing.by_client || (thing.adopted && fault.kind == FaultKind::other_take)))
            victims.push_back(&thing);
    if (std::ranges::any_of(victims, [&](Thing* thing) { return targets.contains(thing->uid); }))
        std::erase_if(victims, [&](Thing* thing) { return !targets.contains(thing->uid); });
    if (victims.empty())
        return;
    Thing& victim = *victims[random->below(victims.size())];
    const std::string collection = facts_of(victim.kind).collection;
    const std::string uid = victim.uid;
    if (fault.kind == FaultKind::other_remove) {
        change_both([=](Sandbox& s) { s.remove_object(collection, uid); });
        judge_.others_removed(uid);
        timeline_.add("others", "remove " + victim.kind + " " + victim.name + " " + uid);
    } else if (fault.kind == FaultKind::other_take) {
        const std::string merge =
            R"({"metadata":{"annotations":{"trueup.io/owner":"others","trueup.io/address":"x"}}})";
        change_both([=](Sandbox& s) { s.patch_object(collection, uid, merge); });
        judge_.others_took(uid);
        timeline_.add("others", "take over " + victim.kind + " " + victim.name + " " + uid);
    } else if (fault.kind == FaultKind::other_edit) {
        const std::string merge =
            meddled(victim.kind, "meddled-" + std::to_string(random->below(1'000'000)));
        change_both([=](Sandbox& s) { s.patch_object(collection, uid, merge); });
        if (victim.kind != "ClusterProfile") // nobody declares its description
            judge_.others_wrote(uid);
        timeline_.add("others", "edit " + victim.kind + " " + victim.name + " " + uid);
    } else {
        Declared as;
        as.kind = victim.kind;
        as.name =
            victim.kind == "User" ? victim.name.substr(0, victim.name.find('@')) : victim.name;
        if (const auto it = judge_.things().find(victim.project_uid); it != judge_.things().end())
            as.project = it->second.name;
        // Under the name of something else that is declared, its own, or one that is free.
        const auto free_name = std::ranges::find_if(manifests.resources, [&](const Declared& d) {
            const std::string name = d.kind == "User" ? d.name + "@example.com" : d.name;
            return d.kind == as.kind && d.project == as.project && d.name != as.name &&
                   judge_.alive(d.kind, victim.project_uid, name) == nullptr;
        });
        if (free_name != manifests.resources.end() && random->below(2) == 0)
            as.name = free_name->name;
        else if (random->below(2) == 0 || facts_of(victim.kind).unique)
            as.name += "-copy" + std::to_string(random->below(1000));
        std::string body = as.body();
        if (!carries_mark(victim)) { // we let go of it: there is no mark to copy
            const std::string copy = create_elsewhere(as, body, false);
            timeline_.add("others", "copy " + victim.kind + " " + as.name + " " + copy);
            return;
        }
        const std::string marks = R"("annotations": {"trueup.io/owner": ")" + victim.mark_owner +
                                  R"(", "trueup.io/address": ")" + victim.mark_address + R"("})";
        if (const std::size_t at = body.find(R"("annotations": {)"); at != std::string::npos)
            body.replace(at, body.find('}', at) + 1 - at, marks);
        else
            body.replace(body.find('{', 1),
                         1,
                         body[body.find('{', 1) + 1] == '}' ? "{" + marks : "{" + marks + ", ");
        const std::string own_name =
            victim.kind == "User" ? victim.name.substr(0, victim.name.find('@')) : victim.name;
        const std::string copy = create_elsewhere(as, body, as.name == own_name);
        timeline_.add("others",
                      "clone " + victim.kind + " " + victim.name + " as " + as.name + " " + copy);
    }
}

} // namespace trueup::sim
