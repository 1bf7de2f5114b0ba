#include "protocols/mip6/return_routability.h"

#include <algorithm>

namespace kamesim {

using Output = ReturnRoutability::Output;

Output ReturnRoutability::start(Time now, const ReturnRoutabilityRequest& request) {
  stop();
  request_ = request;
  for (const Kind kind : {kHome, kCareOf}) {
    if (needs(kind) && !(config_.reuse_tokens && has_token(now, kind))) begin(now, kind);
  }
  return proceed(now);
}

void ReturnRoutability::stop() {
  request_.reset();
  for (Test& test : tests_) test.send_at.reset();
}

void ReturnRoutability::discard(Tokens tokens) {
  if (tokens != Tokens::CareOf) tests_[kHome].token.reset();
  if (tokens != Tokens::Home) tests_[kCareOf].token.reset();
}

Output ReturnRoutability::on_home_test(Time now, const HomeTest& test, const Ipv6Address& destination, Path path) {
  // RFC 6275 §11.6.2: received in the tunnel from the home agent. At home, where a deletion starts, there is none.
  const bool away = request_ && request_->purpose == CorrespondentRequest::CacheBinding;
  if (away && path != Path::FromHomeAgentTunnel) return {.dropped = &kTestNotFromHomeAgent};
  if (DropReason reason = accept(now, kHome, test.home_init_cookie, destination, test.home_nonce_index,
                                 test.home_keygen_token)) {
    return {.dropped = reason};
  }
  return proceed(now);
}

Output ReturnRoutability::on_care_of_test(Time now, const CareOfTest& test, const Ipv6Address& destination) {
  if (DropReason reason = accept(now, kCareOf, test.care_of_init_cookie, destination, test.care_of_nonce_index,
                                 test.care_of_keygen_token)) {
    return {.dropped = reason};
  }
  return proceed(now);
}

Output ReturnRoutability::on_timeout(Time now) {
  if (!request_) return {};
  for (const Test& test : tests_) {
    const bool out_of_retries = config_.rules.gives_up_route_optimization && test.sent > kMaxRoFailure;
    if (test.send_at && now >= *test.send_at && out_of_retries) {
      stop();
      return {.failed = true};  // RFC 6275 §5.2.9
    }
  }
  return proceed(now);
}

std::optional<Time> ReturnRoutability::next_timeout() const {
  const auto& home = tests_[kHome].send_at;
  const auto& care_of = tests_[kCareOf].send_at;
  if (home && care_of) return std::min(*home, *care_of);
  return home ? home : care_of;
}

// RFC 6275 §5.2.5, §11.6.1: to delete a binding the home token is enough.
bool ReturnRoutability::needs(Kind kind) const {
  return kind == kHome || request_->purpose == CorrespondentRequest::CacheBinding;
}

bool ReturnRoutability::has_token(Time now, Kind kind) const {
  const auto& token = tests_[kind].token;
  return token && token->address == tested_address(kind) && now < token->expires;
}

Ipv6Address ReturnRoutability::tested_address(Kind kind) const {
  return kind == kHome ? config_.home_address : request_->care_of;
}

void ReturnRoutability::begin(Time now, Kind kind) {
  Test& test = tests_[kind];
  test.token.reset();
  test.send_at = now;
  test.sent = 0;
  test.timeout = kInitialBindackTimeout;
}

void ReturnRoutability::send(Time now, Kind kind, Output& out) {
  Test& test = tests_[kind];
  test.send_at = test.limit.allowed_at(now);  // RFC 6275 §11.8, MAX_UPDATE_RATE
  if (*test.send_at > now) return;
  test.limit.record(now);
  // §11.8: each retransmission doubles the timeout and has a new cookie.
  if (test.sent > 0) test.timeout = std::min(test.timeout * 2, kMaxBindackTimeout);
  ++test.sent;
  test.send_at = now + test.timeout;
  random_(test.cookie);
  if (kind == kHome) {
    out.send_home_test_init = HomeTestInit{test.cookie};
  } else {
    out.send_care_of_test_init = CareOfTestInit{test.cookie};
  }
}

DropReason ReturnRoutability::accept(Time now, Kind kind, const InitCookie& cookie, const Ipv6Address& destination,
                                     std::uint16_t nonce_index, const KeygenToken& token) {
  Test& test = tests_[kind];
  if (!request_ || !test.send_at || test.sent == 0) return &kTestUnexpected;
  if (destination != tested_address(kind)) return &kTestWrongDestination;
  if (cookie != test.cookie) return &kTestWrongCookie;
  test.send_at.reset();
  test.token = Token{token, nonce_index, destination, now + kMaxTokenLifetime};  // §5.2.7
  return nullptr;
}

Output ReturnRoutability::proceed(Time now) {
  Output out;
  bool waiting = false;
  for (const Kind kind : {kHome, kCareOf}) {
    if (!needs(kind)) continue;
    Test& test = tests_[kind];
    if (!test.send_at && !has_token(now, kind)) begin(now, kind);  // it became too old during the other test
    if (!test.send_at) continue;
    if (now >= *test.send_at) send(now, kind, out);
    waiting = true;
  }
  if (waiting) return out;

  // RFC 6275 §11.6.2: the procedure is complete.
  const Token& home = *tests_[kHome].token;
  Authorization result{.request = *request_};
  if (request_->purpose == CorrespondentRequest::DeleteBinding) {
    result.kbm = binding_management_key_for_deletion(home.value);
    result.nonces = {home.nonce_index, 0};
    result.expires = home.expires;
  } else {
    const Token& care_of = *tests_[kCareOf].token;
    result.kbm = binding_management_key(home.value, care_of.value);
    result.nonces = {home.nonce_index, care_of.nonce_index};
    result.expires = std::min(home.expires, care_of.expires);
  }
  request_.reset();
  // §9.5.3: the correspondent will not take the same two nonces again after a deletion.
  if (result.request.purpose == CorrespondentRequest::DeleteBinding) discard(Tokens::CareOf);
  out.authorized = result;
  return out;
}

}  // namespace kamesim
