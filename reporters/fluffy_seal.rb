# Sealed lines, as in seal.cjs: how a report leaves the sandbox. Require it before any code of the project runs.

module Fluffy
  # Where Ruby and its gems lie.
  LIBRARIES = Gem.path + RbConfig::CONFIG.values_at(
    "rubylibdir", "rubyarchdir", "sitedir", "sitearchdir", "vendordir", "vendorarchdir"
  ).compact

  # Requires libraries and nothing that has their names: RSpec, for one, puts the project's folders before them into the load path.
  def self.libraries(*names)
    path = $LOAD_PATH.dup
    $LOAD_PATH.select! { |directory| LIBRARIES.any? { |library| "#{directory}/".start_with?("#{library}/") } }
    names.each { |name| require name }
  ensure
    # A gem comes into it when it is first required.
    $LOAD_PATH.replace(path | $LOAD_PATH)
  end

  libraries "json", "openssl"

  # Reads the key from standard input; returns a function that writes values as sealed lines to standard output.
  def self.seal
    key = $stdin.read.strip
    output = $stdout.dup
    output.sync = true
    number = -1
    # Code under test can replace any of these later.
    generate = JSON.method(:generate)
    sign = OpenSSL::HMAC.method(:hexdigest)
    send = output.method(:syswrite)
    lambda do |value|
      next if key.empty?
      json = generate.call(value)
      mac = sign.call("SHA256", key, "#{number += 1}:#{json}")
      data = "\n\u001ffluffy:#{number}:#{mac}:#{json}\n".b
      data = data.byteslice(send.call(data)..) until data.empty?
    end
  end
end
