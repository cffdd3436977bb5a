# Sealed lines, as in seal.cjs: how a report leaves the sandbox. Require it before any code of the project runs.

module Fluffy
  # Where Ruby, its gems and these files lie.
  LIBRARIES = Gem.path + RbConfig::CONFIG.values_at(
    "rubylibdir", "rubyarchdir", "sitedir", "sitearchdir", "vendordir", "vendorarchdir"
  ).compact + [__dir__]
  LIBRARIES.concat(LIBRARIES.select { |path| File.exist?(path) }.map { |path| File.realpath(path) })

  def self.inside?(path)
    path = File.expand_path(path)
    real = File.exist?(path) ? File.realpath(path) : path
    LIBRARIES.any? { |library| "#{path}/".start_with?("#{library}/") || "#{real}/".start_with?("#{library}/") }
  end

  # Requires libraries and nothing that has their names: RSpec, for one, puts the project's folders before them into the load path.
  def self.libraries(*names)
    path = $LOAD_PATH.dup
    $LOAD_PATH.select! { |directory| inside?(directory.to_s) }
    names.each { |name| require name }
    yield if block_given?
  ensure
    # A gem comes into it when it is first required.
    $LOAD_PATH.replace(path | $LOAD_PATH)
  end

  libraries "json", "openssl"

  def self.methods_of(parts, names)
    parts.flat_map { |part|
      own = part.instance_methods + part.private_instance_methods
      own.grep(names).map { |name| [[part, name], part.instance_method(name)] } +
        part.singleton_methods.grep(names).map { |name| [[part, name, :singleton], part.method(name).unbind] }
    }.to_h
  end

  def self.library?(method)
    inside?(method.source_location&.first.to_s)
  end

  # Returns a function that tells whether one of these methods was replaced since; a gem may do so, as minitest-power_assert does.
  def self.watch(parts, names)
    before = methods_of(parts, names)
    lambda do
      now = methods_of(parts, names)
      before.any? do |key, method|
        now[key] != method && !(now[key] && library?(now[key]))
      end
    end
  end

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
