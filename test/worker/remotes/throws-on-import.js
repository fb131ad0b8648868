throw new Error('no, thank you')
